import { ENTRY, ResizeArgs, ROWS } from './resize';
import { madd, loadLanes, storeLanes } from './simd';

/**
 * Which output positions read each input position of one axis: `[first, past the last, address of the weights]`,
 * followed by the weights, from the table of `fillAxis`. Needs `12 * inSize + 8 * outSize + 8 * inSize` bytes.
 */
export function invertAxis(axis: usize, inverse: usize, inSize: i32, outSize: i32): void {
  let weights = inverse + <usize>inSize * ENTRY;
  let first = 0;
  for (let i = 0; i < inSize; i++) {
    while (first < outSize && load<i32>(axis + <usize>first * ENTRY, 4) < i) first++;
    const entry = inverse + <usize>i * ENTRY;
    store<i32>(entry, first);
    store<usize>(entry, weights, 8);
    let o = first;
    for (; o < outSize; o++) {
      const from = axis + <usize>o * ENTRY;
      const lower = load<i32>(from), upper = load<i32>(from, 4), t = load<f32>(from, 8);
      if (lower > i) break;
      store<f32>(weights, (lower == i ? 1 - t : 0) + (upper == i ? t : 0));
      weights += 4;
    }
    store<i32>(entry, o, 4);
  }
}

/**
 * Transpose of `resize`, `ROWS` input rows.
 *
 * The axis tables of `args` are those of `invertAxis`. Each input value gathers what the outputs that read it send back,
 * in a fixed order.
 */
export function resizeGradient(args: ResizeArgs, task: i32): void {
  const begin = task * ROWS, end = min(begin + ROWS, args.rows);
  const channels = args.channels;
  for (let row = begin; row < end; row++) {
    const slice = row / args.inHeight;
    const line = args.heightTable + <usize>(row - slice * args.inHeight) * ENTRY;
    const image = slice / args.inDepth;
    const layer = args.depthTable + <usize>(slice - image * args.inDepth) * ENTRY;
    const from = args.fine + (<usize>(image * args.outDepth * args.outHeight * args.outWidth * channels) << 2);
    let to = args.coarse + (<usize>(row * args.inWidth * channels) << 2);
    for (let w = 0; w < args.inWidth; w++) {
      const column = args.widthTable + <usize>w * ENTRY;
      for (let c = 0; c < channels; c += 8) {
        gather8(args, from + (<usize>c << 2), layer, line, column, to + (<usize>c << 2), channels - c);
      }
      to += <usize>channels << 2;
    }
  }
}

/** Up to eight channels of one input value. */
// @ts-ignore: decorator
@inline
function gather8(args: ResizeArgs, from: usize, layer: usize, line: usize, column: usize, to: usize, count: i32): void {
  const pixelBytes = <usize>args.channels << 2;
  const firstColumn = load<i32>(column), lastColumn = load<i32>(column, 4);
  let low = f32x4.splat(0), high = low;
  const lastLayer = load<i32>(layer, 4), lastLine = load<i32>(line, 4);
  let layerWeight = load<usize>(layer, 8);
  for (let d = load<i32>(layer); d < lastLayer; d++) {
    let lineWeight = load<usize>(line, 8);
    for (let h = load<i32>(line); h < lastLine; h++) {
      const outer = f32x4.splat(load<f32>(layerWeight) * load<f32>(lineWeight));
      let pixel = from + <usize>((d * args.outHeight + h) * args.outWidth + firstColumn) * pixelBytes;
      let columnWeight = load<usize>(column, 8);
      let rowLow = f32x4.splat(0), rowHigh = rowLow;
      for (let w = firstColumn; w < lastColumn; w++) {
        const weight = v128.load32_splat(columnWeight);
        rowLow = madd(loadLanes(pixel, count), weight, rowLow);
        if (count > 4) rowHigh = madd(loadLanes(pixel + 16, count - 4), weight, rowHigh);
        pixel += pixelBytes;
        columnWeight += 4;
      }
      low = madd(rowLow, outer, low);
      high = madd(rowHigh, outer, high);
      lineWeight += 4;
    }
    layerWeight += 4;
  }
  storeLanes(to, low, count);
  if (count > 4) storeLanes(to + 16, high, count - 4);
}
