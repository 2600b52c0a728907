import { ConvArgs } from './layout';

/**
 * Writes the values that all taps of a pixel read side by side, `[count][taps][inChannels]`, zeros outside the image: the convolution of
 * few channels is then a product of these rows.
 */
export function gatherPatches(args: ConvArgs, first: i32, count: i32, patches: usize): void {
  const height = args.height, width = args.width, depth = args.depth;
  const kernelDepth = args.kernelDepth, kernelHeight = args.kernelHeight, kernelWidth = args.kernelWidth;
  const left = kernelWidth >> 1, top = kernelHeight >> 1, front = kernelDepth >> 1;
  const pixelBytes = <usize>args.inChannels << 2, runBytes = <usize>kernelWidth * pixelBytes;
  const patchBytes = <usize>(kernelDepth * kernelHeight) * runBytes;
  const row = first / width, slice = row / height;
  let column = first - row * width, line = row - slice * height, layer = slice % depth;
  let pixel = args.x + <usize>first * pixelBytes;
  while (count > 0) {
    // The pixels of one row of the image, tap by tap: those from `begin` to before `end` read nothing beside it.
    const pixels = min(count, width - column);
    const begin = min(max(left - column, 0), pixels), end = max(min(width - left - column, pixels), begin);
    let run = patches;
    for (let a = -front; a <= front; a++) {
      for (let b = -top; b <= top; b++) {
        const from = pixel + <usize>((a * height + b) * width - left) * pixelBytes;
        if (<u32>(layer + a) >= <u32>depth || <u32>(line + b) >= <u32>height) {
          for (let p = 0; p < pixels; p++) memory.fill(run + <usize>p * patchBytes, 0, runBytes);
        } else {
          for (let p = 0; p < begin; p++) copyRun(from + <usize>p * pixelBytes, column - left + p, width, kernelWidth, pixelBytes, run + <usize>p * patchBytes);
          copyRuns(from + <usize>begin * pixelBytes, pixelBytes, runBytes, end - begin, run + <usize>begin * patchBytes, patchBytes);
          for (let p = end; p < pixels; p++) copyRun(from + <usize>p * pixelBytes, column - left + p, width, kernelWidth, pixelBytes, run + <usize>p * patchBytes);
        }
        run += runBytes;
      }
    }
    count -= pixels;
    patches += <usize>pixels * patchBytes;
    pixel += <usize>pixels * pixelBytes;
    column = 0;
    if (++line < height) continue;
    line = 0;
    if (++layer == depth) layer = 0;
  }
}

/** Copies `count` runs of `bytes`, a multiple of four. */
function copyRuns(from: usize, fromStride: usize, bytes: usize, count: i32, to: usize, toStride: usize): void {
  const whole = bytes & ~15;
  for (; count > 0; count--) {
    for (let i: usize = 0; i < whole; i += 16) v128.store(to + i, v128.load(from + i));
    let i = whole;
    if (bytes & 8) {
      store<u64>(to + i, load<u64>(from + i));
      i += 8;
    }
    if (bytes & 4) store<u32>(to + i, load<u32>(from + i));
    from += fromStride;
    to += toStride;
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
