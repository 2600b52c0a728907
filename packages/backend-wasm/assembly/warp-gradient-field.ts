import { madd, loadLanes } from './simd';
import { valuesAt } from './warp';
import {
  DEPTH, DOTS, HEIGHT, HIGH, HIGH_SLOPE, HIGH_WEIGHT, imageBytes, listBytes, LOW, LOW_SLOPE, LOW_WEIGHT, planRow,
  WIDTH,
} from './warp-plan';
import { WarpArgs } from './layout';

/**
 * The gradient to one task's rows of the field.
 *
 * First, for each of the 4 or 8 voxels around each place, its value times dy, summed over channels; then those by the slopes
 * of one axis and the weights of the others.
 */
export function warpGradientField(args: WarpArgs, task: i32, worker: i32): void {
  const begin = task * args.grain, end = min(begin + args.grain, args.rows);
  const plan = args.scratch + <usize>worker * args.scratchStride;
  const rowsPerImage = args.outDepth * args.outHeight, corners = 1 << args.rank;
  const rowBytes = <usize>(args.outWidth * args.channels) << 2, list = listBytes(args);
  for (let row = begin; row < end; row++) {
    planRow(args, row, plan);
    const image = args.image + <usize>(row / rowsPerImage) * imageBytes(args);
    const dy = args.warped + <usize>row * rowBytes;
    for (let corner = 0; corner < corners; corner++) {
      const to = plan + (DOTS + <usize>corner) * list;
      const line = plan + (HEIGHT + <usize>(corner >> 1 & 1)) * list, column = plan + (WIDTH + <usize>(corner & 1)) * list;
      const layer = corners == 8 ? plan + (DEPTH + <usize>(corner >> 2)) * list : 0;
      if (args.channels == 1) dots1(args, image, dy, layer, line, column, to);
      else dots(args, image, dy, layer, line, column, to);
    }
    combine(args, plan, args.fieldGradient + <usize>(row * args.outWidth * args.rank << 2));
  }
}

/** One channel: four places at once. */
function dots1(args: WarpArgs, image: usize, dy: usize, layer: usize, line: usize, column: usize, to: usize): void {
  for (let w = 0; w < args.outWidth; w += 4) {
    const at = <usize>w << 2;
    let offsets = i32x4.add(v128.load(line + at), v128.load(column + at));
    if (layer) offsets = i32x4.add(offsets, v128.load(layer + at));
    v128.store(to + at, f32x4.mul(valuesAt(image, offsets), loadLanes(dy + at, args.outWidth - w)));
  }
}

function dots(args: WarpArgs, image: usize, dy: usize, layer: usize, line: usize, column: usize, to: usize): void {
  const channels = args.channels;
  for (let w = 0; w < args.outWidth; w++) {
    const at = <usize>w << 2;
    let from = image + load<u32>(line + at) + load<u32>(column + at);
    if (layer) from += load<u32>(layer + at);
    let sum = f32x4.splat(0);
    for (let c = 0; c < channels; c += 4) {
      const offset = <usize>c << 2, count = channels - c;
      sum = madd(loadLanes(from + offset, count), loadLanes(dy + offset, count), sum);
    }
    const low = f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1);
    store<f32>(to + at, low + (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3)));
    dy += <usize>channels << 2;
  }
}

/** The dots of a row to its gradient, four places at once. */
function combine(args: WarpArgs, plan: usize, out: usize): void {
  const list = listBytes(args), rank = args.rank;
  for (let w = 0; w < args.outWidth; w += 4) {
    const at = plan + (<usize>w << 2), first = at + DOTS * list;
    // Along the width: by its weights, and by its slopes; likewise along the height.
    let weighed = plane(at, first, list, LOW_WEIGHT, LOW_WEIGHT);
    let byHeight = plane(at, first, list, LOW_SLOPE, LOW_WEIGHT);
    let byWidth = plane(at, first, list, LOW_WEIGHT, LOW_SLOPE);
    if (rank == 3) {
      const second = first + 4 * list;
      const low = v128.load(at + (DEPTH + LOW_WEIGHT) * list), high = v128.load(at + (DEPTH + HIGH_WEIGHT) * list);
      const far = plane(at, second, list, LOW_WEIGHT, LOW_WEIGHT);
      byHeight = madd(plane(at, second, list, LOW_SLOPE, LOW_WEIGHT), high, f32x4.mul(byHeight, low));
      byWidth = madd(plane(at, second, list, LOW_WEIGHT, LOW_SLOPE), high, f32x4.mul(byWidth, low));
      weighed = f32x4.mul(weighed, v128.load(at + (DEPTH + LOW_SLOPE) * list));
      weighed = madd(far, v128.load(at + (DEPTH + HIGH_SLOPE) * list), weighed);
    }
    const count = args.outWidth - w;
    if (rank == 3) {
      storeStrided(out, weighed, count, 12);
      storeStrided(out + 4, byHeight, count, 12);
      storeStrided(out + 8, byWidth, count, 12);
    } else {
      storeStrided(out, byHeight, count, 8);
      storeStrided(out + 4, byWidth, count, 8);
    }
    out += <usize>rank << 4;
  }
}

/** Four dots of a plane to one; `byHeight` and `byWidth` are `LOW_WEIGHT` or `LOW_SLOPE`, whose `HIGH` list follows. */
@inline
function plane(at: usize, dots: usize, list: usize, byHeight: usize, byWidth: usize): v128 {
  const left = v128.load(at + (WIDTH + byWidth) * list), right = v128.load(at + (WIDTH + byWidth + 1) * list);
  const top = madd(v128.load(dots + list), right, f32x4.mul(v128.load(dots), left));
  const bottom = madd(v128.load(dots + 3 * list), right, f32x4.mul(v128.load(dots + 2 * list), left));
  const sum = f32x4.mul(top, v128.load(at + (HEIGHT + byHeight) * list));
  return madd(bottom, v128.load(at + (HEIGHT + byHeight + 1) * list), sum);
}

/** Stores up to four lanes `stride` bytes apart. */
@inline
function storeStrided(to: usize, v: v128, count: i32, stride: usize): void {
  store<f32>(to, f32x4.extract_lane(v, 0));
  if (count > 1) store<f32>(to + stride, f32x4.extract_lane(v, 1));
  if (count > 2) store<f32>(to + 2 * stride, f32x4.extract_lane(v, 2));
  if (count > 3) store<f32>(to + 3 * stride, f32x4.extract_lane(v, 3));
}
