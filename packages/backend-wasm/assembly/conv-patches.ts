import { pixelCount } from './conv-size';
import { ConvArgs } from './layout';

/**
 * Writes the values that all taps of a pixel read side by side, `[count][taps][inChannels]`, zeros outside the image: the convolution of
 * few channels is then a product of these rows. Writes up to 12 bytes behind them.
 */
export function gatherPatches(args: ConvArgs, first: i32, count: i32, patches: usize): void {
  const height = args.height, width = args.width, depth = args.depth;
  const kernelDepth = args.kernelDepth, kernelHeight = args.kernelHeight, kernelWidth = args.kernelWidth;
  const left = kernelWidth >> 1, top = kernelHeight >> 1, front = kernelDepth >> 1;
  const pixelBytes = <usize>args.inChannels << 2, runBytes = <usize>kernelWidth * pixelBytes;
  // Runs are copied 16 bytes at a time, which may read behind them.
  const lastWhole = args.x + <usize>pixelCount(args) * pixelBytes - ((runBytes + 15) & ~15);
  const row = first / width, slice = row / height;
  let column = first - row * width, line = row - slice * height, layer = slice % depth;
  let pixel = args.x + <usize>first * pixelBytes;
  for (; count > 0; count--) {
    const isInside = column >= left && column + left < width;
    for (let a = -front; a <= front; a++) {
      for (let b = -top; b <= top; b++) {
        const from = pixel + <usize>((a * height + b) * width - left) * pixelBytes;
        if (<u32>(layer + a) >= <u32>depth || <u32>(line + b) >= <u32>height) {
          for (let i: usize = 0; i < runBytes; i += 16) v128.store(patches + i, f32x4.splat(0));
        } else if (isInside && from <= lastWhole) {
          for (let i: usize = 0; i < runBytes; i += 16) v128.store(patches + i, v128.load(from + i));
        } else {
          copyRun(from, column - left, width, kernelWidth, pixelBytes, patches);
        }
        patches += runBytes;
      }
    }
    pixel += pixelBytes;
    if (++column < width) continue;
    column = 0;
    if (++line < height) continue;
    line = 0;
    if (++layer == depth) layer = 0;
  }
}

/** Writes the values of `taps` pixels from `column` on, zeros for those outside the row. */
function copyRun(from: usize, column: i32, width: i32, taps: i32, pixelBytes: usize, to: usize): void {
  for (let t = 0; t < taps; t++) {
    const isInside = <u32>(column + t) < <u32>width;
    for (let i: usize = 0; i < pixelBytes; i += 4) f32.store(to + i, isInside ? f32.load(from + i) : 0);
    from += pixelBytes;
    to += pixelBytes;
  }
}
