import { madd, loadLanes, storeLanes } from './simd';
import { AXIS_ENTRY, ResizeArgs } from './layout';

/**
 * Where each output position of one axis reads: `[lower index, upper index, weight of the upper]` per position.
 *
 * Half-pixel centers, clamped at the edges: source = (o + 1/2) in / out - 1/2.
 */
export function fillAxis(table: usize, inSize: i32, outSize: i32): void {
  const scale = <f64>inSize / <f64>outSize;
  for (let o = 0; o < outSize; o++) {
    const source = min(max((<f64>o + 0.5) * scale - 0.5, 0), <f64>(inSize - 1));
    const lower = <i32>source;
    store<i32>(table, lower);
    store<i32>(table, min(lower + 1, inSize - 1), 4);
    store<f32>(table, <f32>(source - <f64>lower), 8);
    table += AXIS_ENTRY;
  }
}

/** Resizes the output rows of one task. */
export function resize(args: ResizeArgs, task: i32): void {
  const begin = task * args.grain, end = min(begin + args.grain, args.rows);
  const lineBytes = <usize>(args.inWidth * args.channels) << 2;
  for (let row = begin; row < end; row++) {
    const slice = row / args.outHeight;
    const line = args.heightTable + <usize>(row - slice * args.outHeight) * AXIS_ENTRY;
    const image = slice / args.outDepth;
    const layer = args.depthTable + <usize>(slice - image * args.outDepth) * AXIS_ENTRY;
    const near = args.coarse + <usize>((image * args.inDepth + load<i32>(layer)) * args.inHeight) * lineBytes;
    const far = args.coarse + <usize>((image * args.inDepth + load<i32>(layer, 4)) * args.inHeight) * lineBytes;
    const top = <usize>load<i32>(line) * lineBytes, bottom = <usize>load<i32>(line, 4) * lineBytes;
    const out = args.fine + (<usize>(row * args.outWidth * args.channels) << 2);
    const down = load<f32>(line, 8), back = load<f32>(layer, 8);
    if (back == 0) resizeRow2(args, near + top, near + bottom, down, out);
    else resizeRow4(args, near + top, near + bottom, far + top, far + bottom, down, back, out);
  }
}

/** One output row from two input rows. */
function resizeRow2(args: ResizeArgs, top: usize, bottom: usize, down: f32, out: usize): void {
  const channels = args.channels;
  for (let w = 0; w < args.outWidth; w++) {
    const column = args.widthTable + <usize>w * AXIS_ENTRY;
    const left = <usize>(load<i32>(column) * channels) << 2, right = <usize>(load<i32>(column, 4) * channels) << 2;
    const across = load<f32>(column, 8);
    const w00 = f32x4.splat((1 - down) * (1 - across)), w01 = f32x4.splat((1 - down) * across);
    const w10 = f32x4.splat(down * (1 - across)), w11 = f32x4.splat(down * across);
    let a = top + left, b = top + right, c = bottom + left, d = bottom + right, count = channels;
    for (; count >= 4; count -= 4) {
      const above = madd(v128.load(b), w01, f32x4.mul(v128.load(a), w00));
      const below = madd(v128.load(d), w11, f32x4.mul(v128.load(c), w10));
      v128.store(out, f32x4.add(above, below));
      a += 16; b += 16; c += 16; d += 16; out += 16;
    }
    if (count > 0) {
      const above = madd(loadLanes(b, count), w01, f32x4.mul(loadLanes(a, count), w00));
      const below = madd(loadLanes(d, count), w11, f32x4.mul(loadLanes(c, count), w10));
      storeLanes(out, f32x4.add(above, below), count);
      out += <usize>count << 2;
    }
  }
}

/** One output row from four input rows: two in each of two layers. */
function resizeRow4(
  args: ResizeArgs, nearTop: usize, nearBottom: usize, farTop: usize, farBottom: usize, down: f32, back: f32, out: usize,
): void {
  const channels = args.channels;
  const w00 = f32x4.splat((1 - back) * (1 - down)), w01 = f32x4.splat((1 - back) * down);
  const w10 = f32x4.splat(back * (1 - down)), w11 = f32x4.splat(back * down);
  for (let w = 0; w < args.outWidth; w++) {
    const column = args.widthTable + <usize>w * AXIS_ENTRY;
    const left = <usize>(load<i32>(column) * channels) << 2, right = <usize>(load<i32>(column, 4) * channels) << 2;
    const across = f32x4.splat(load<f32>(column, 8)), rest = f32x4.splat(1 - load<f32>(column, 8));
    for (let c = 0; c < channels; c += 4) {
      const offset = <usize>c << 2, count = channels - c;
      const a = left + offset, b = right + offset;
      let low = f32x4.mul(loadLanes(nearTop + a, count), w00), high = f32x4.mul(loadLanes(nearTop + b, count), w00);
      low = madd(loadLanes(nearBottom + a, count), w01, low);
      high = madd(loadLanes(nearBottom + b, count), w01, high);
      low = madd(loadLanes(farTop + a, count), w10, low);
      high = madd(loadLanes(farTop + b, count), w10, high);
      low = madd(loadLanes(farBottom + a, count), w11, low);
      high = madd(loadLanes(farBottom + b, count), w11, high);
      storeLanes(out + offset, madd(high, across, f32x4.mul(low, rest)), count);
    }
    out += <usize>channels << 2;
  }
}
