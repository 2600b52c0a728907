import { CHUNK, ConvArgs } from './layout';


/**
 * Writes where each tap of each pixel reads: `table[tap][pixel]`, addresses of x, `CHUNK` a row.
 *
 * Taps outside the image, and pixels past `count`, read `args.zeros`. So the arithmetic that follows knows no borders,
 * and neighbouring pixels may lie in different rows or images. (The idea of XNNPACK's indirection buffer.)
 */
export function fillTable(args: ConvArgs, table: usize, first: i32, count: i32): void {
  const height = args.height, width = args.width, depth = args.depth;
  const kernelDepth = args.kernelDepth, kernelHeight = args.kernelHeight, kernelWidth = args.kernelWidth;
  const pixelBytes = args.inChannels << 2;
  const zeros = args.zeros;
  for (let p = 0; p < CHUNK; p++) {
    let cell = table + (<usize>p << 2);
    if (p >= count) {
      for (let t = kernelDepth * kernelHeight * kernelWidth; t > 0; t--) {
        store<usize>(cell, zeros);
        cell += CHUNK << 2;
      }
      continue;
    }
    const pixel = first + p;
    const row = pixel / width;
    const slice = row / height;
    const column = pixel - row * width - (kernelWidth >> 1);
    const line = row - slice * height - (kernelHeight >> 1);
    const layer = slice % depth - (kernelDepth >> 1);
    const origin = args.x + <usize>(pixel * pixelBytes)
      - <usize>((((kernelDepth >> 1) * height + (kernelHeight >> 1)) * width + (kernelWidth >> 1)) * pixelBytes);
    for (let a = 0; a < kernelDepth; a++) {
      for (let b = 0; b < kernelHeight; b++) {
        const inside = <u32>(layer + a) < <u32>depth && <u32>(line + b) < <u32>height;
        let source = origin + <usize>((a * height + b) * width * pixelBytes);
        for (let c = 0; c < kernelWidth; c++) {
          store<usize>(cell, inside && <u32>(column + c) < <u32>width ? source : zeros);
          source += pixelBytes;
          cell += CHUNK << 2;
        }
      }
    }
  }
}
