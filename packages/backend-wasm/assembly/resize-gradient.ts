import { AXIS_ENTRY, ResizeArgs } from './layout';
import { madd, loadLanes, storeLanes } from './simd';

/**
 * Which output positions read each input position of one axis: `[first, past the last, address of the weights]`,
 * followed by the weights, from the table of `fillAxis`. Needs `12 * inSize + 8 * outSize + 8 * inSize` bytes.
 */
export function invertAxis(axis: usize, inverse: usize, inSize: i32, outSize: i32): void {
  let weights = inverse + <usize>inSize * AXIS_ENTRY;
  let first = 0;
  for (let i = 0; i < inSize; i++) {
    while (first < outSize && load<i32>(axis + <usize>first * AXIS_ENTRY, 4) < i) first++;
    const entry = inverse + <usize>i * AXIS_ENTRY;
    store<i32>(entry, first);
    store<usize>(entry, weights, 8);
    let o = first;
    for (; o < outSize; o++) {
      const from = axis + <usize>o * AXIS_ENTRY;
      const lower = load<i32>(from), upper = load<i32>(from, 4), t = load<f32>(from, 8);
      if (lower > i) break;
      store<f32>(weights, (lower == i ? 1 - t : 0) + (upper == i ? t : 0));
      weights += 4;
    }
    store<i32>(entry, o, 4);
  }
}

/**
 * Transpose of `resize`, the input rows of one task. The axis tables of `args` are those of `invertAxis`.
 *
 * The output rows that read an input row are summed into one first, then each of its pixels gathers from that, all in a
 * fixed order.
 */
export function resizeGradient(args: ResizeArgs, task: i32, worker: i32): void {
  const begin = task * args.grain, end = min(begin + args.grain, args.rows);
  const sums = args.scratch + <usize>worker * args.scratchStride;
  const rowBytes = <usize>(args.inWidth * args.channels) << 2;
  for (let row = begin; row < end; row++) {
    const slice = row / args.inHeight;
    const line = args.heightTable + <usize>(row - slice * args.inHeight) * AXIS_ENTRY;
    const image = slice / args.inDepth;
    const layer = args.depthTable + <usize>(slice - image * args.inDepth) * AXIS_ENTRY;
    const to = args.coarse + <usize>row * rowBytes;
    if (sumRows(args, image, layer, line, sums)) gatherRow(args, sums, to);
    else memory.fill(to, 0, rowBytes);
  }
}

/** Weighted sum of the output rows that read one input row; false if there are none. */
function sumRows(args: ResizeArgs, image: i32, layer: usize, line: usize, sums: usize): bool {
  const values = args.outWidth * args.channels;
  const lastLayer = load<i32>(layer, 4), lastLine = load<i32>(line, 4);
  let isFirst = true, waiting: usize = 0, waitingWeight: f32 = 0;
  let layerWeight = load<usize>(layer, 8);
  for (let d = load<i32>(layer); d < lastLayer; d++) {
    let lineWeight = load<usize>(line, 8);
    for (let h = load<i32>(line); h < lastLine; h++) {
      const row = args.fine + (<usize>((image * args.outDepth + d) * args.outHeight + h) * <usize>values << 2);
      const weight = load<f32>(layerWeight) * load<f32>(lineWeight);
      if (waiting) {
        if (isFirst) addRows(sums, waiting, waitingWeight, row, weight, values, true);
        else addRows(sums, waiting, waitingWeight, row, weight, values, false);
        isFirst = false;
        waiting = 0;
      } else {
        waiting = row;
        waitingWeight = weight;
      }
      lineWeight += 4;
    }
    layerWeight += 4;
  }
  if (waiting) addRow(sums, waiting, waitingWeight, values, isFirst);
  return waiting != 0 || !isFirst;
}

/** `sums = u a + v b`, or where not `isFirst` `sums += u a + v b`. */
@inline
function addRows(sums: usize, a: usize, u: f32, b: usize, v: f32, count: i32, isFirst: bool): void {
  const u4 = f32x4.splat(u), v4 = f32x4.splat(v);
  for (; count >= 4; count -= 4) {
    const sum = madd(v128.load(b), v4, f32x4.mul(v128.load(a), u4));
    v128.store(sums, isFirst ? sum : f32x4.add(v128.load(sums), sum));
    a += 16; b += 16; sums += 16;
  }
  if (count > 0) {
    const sum = madd(loadLanes(b, count), v4, f32x4.mul(loadLanes(a, count), u4));
    v128.store(sums, isFirst ? sum : f32x4.add(v128.load(sums), sum));
  }
}

function addRow(sums: usize, a: usize, u: f32, count: i32, isFirst: bool): void {
  const u4 = f32x4.splat(u);
  for (; count > 0; count -= 4) {
    const part = f32x4.mul(loadLanes(a, count), u4);
    v128.store(sums, isFirst ? part : f32x4.add(v128.load(sums), part));
    a += 16; sums += 16;
  }
}

/** One input row from the summed output rows. */
function gatherRow(args: ResizeArgs, sums: usize, to: usize): void {
  const pixelBytes = <usize>args.channels << 2;
  for (let w = 0; w < args.inWidth; w++) {
    const column = args.widthTable + <usize>w * AXIS_ENTRY;
    const weights = load<usize>(column, 8), taps = load<i32>(column, 4) - load<i32>(column);
    let from = sums + <usize>load<i32>(column) * pixelBytes, count = args.channels;
    for (; count >= 8; count -= 8) {
      let low = f32x4.splat(0), high = low, pixel = from, weight = weights;
      for (let i = 0; i < taps; i++) {
        const scale = v128.load32_splat(weight);
        low = madd(v128.load(pixel), scale, low);
        high = madd(v128.load(pixel, 16), scale, high);
        pixel += pixelBytes;
        weight += 4;
      }
      v128.store(to, low);
      v128.store(to, high, 16);
      from += 32; to += 32;
    }
    for (; count > 0; count -= 4) {
      let sum = f32x4.splat(0), pixel = from, weight = weights;
      for (let i = 0; i < taps; i++) {
        sum = madd(loadLanes(pixel, count), v128.load32_splat(weight), sum);
        pixel += pixelBytes;
        weight += 4;
      }
      storeLanes(to, sum, count);
      from += 16;
      to += <usize>min(count, 4) << 2;
    }
  }
}
