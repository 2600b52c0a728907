import { gatherLanes } from './simd';
import { PADDING_REFLECT, PADDING_ZEROS, PLAN_AXIS_LISTS, WarpArgs } from './layout';

/** Of the lists in a plan: one value per place of a row, three axes with six lists each, then eight lists for dots. */
export const LOW: usize = 0;
export const HIGH: usize = 1;
export const LOW_WEIGHT: usize = 2;
export const HIGH_WEIGHT: usize = 3;
export const LOW_SLOPE: usize = 4;
export const HIGH_SLOPE: usize = 5;
export const DEPTH: usize = 0;
export const HEIGHT: usize = PLAN_AXIS_LISTS;
export const WIDTH: usize = 2 * PLAN_AXIS_LISTS;
export const DOTS: usize = 3 * PLAN_AXIS_LISTS;

/** Bytes of one list: whole vectors. */
@inline
export function listBytes(args: WarpArgs): usize {
  return <usize>((args.outWidth + 3) & ~3) << 2;
}

/** Bytes of one image of the batch. */
export function imageBytes(args: WarpArgs): usize {
  return <usize>(args.inDepth * args.inHeight * args.inWidth * args.channels) << 2;
}

/**
 * Where the places of one row of the field read the image: for each axis offsets in bytes of the voxels below and above,
 * their weights, and the derivatives of the weights by the displacement. For the nearest voxel only `LOW` and `LOW_WEIGHT`.
 *
 * Lanes past the end of the row are planned too, at places inside of the image.
 */
export function planRow(args: WarpArgs, row: i32, plan: usize): void {
  if (args.rank == 3) planAxis(args, row, 0, plan);
  planAxis(args, row, 1, plan);
  planAxis(args, row, 2, plan);
}

/** The plan of one axis: 0 depth, 1 height, 2 width. */
export function planAxis(args: WarpArgs, row: i32, axis: i32, plan: usize): void {
  const list = listBytes(args), to = plan + <usize>axis * PLAN_AXIS_LISTS * list;
  const pixel = <usize>args.rank << 2;
  const slice = row / args.outHeight;
  let from = args.field + <usize>row * <usize>args.outWidth * pixel + (<usize>(axis - 3 + args.rank) << 2);
  const lineStride = args.inWidth * args.channels << 2;
  const size = axis == 0 ? args.inDepth : axis == 1 ? args.inHeight : args.inWidth;
  const stride = axis == 0 ? args.inHeight * lineStride : axis == 1 ? lineStride : args.channels << 2;
  const index = axis == 0 ? slice % args.outDepth : row - slice * args.outHeight;
  let indices = axis == 2 ? f32x4(0, 1, 2, 3) : f32x4.splat(<f32>index);
  const step = f32x4.splat(axis == 2 ? 4 : 0);
  const last = f32x4.splat(<f32>(size - 1));
  for (let w = 0; w < args.outWidth; w += 4) {
    const place = f32x4.add(indices, gatherLanes(from, pixel, min(args.outWidth - w, 4)));
    const inside = fold(place, size, args.padding);
    const at = to + (<usize>w << 2);
    if (args.isNearest) {
      const nearest = f32x4.floor(f32x4.add(inside, f32x4.splat(0.5)));
      v128.store(at + LOW * list, offsetOf(nearest, size, stride));
      v128.store(at + LOW_WEIGHT * list, exists(nearest, last));
    } else {
      const slope = slopeOf(place, inside, size, args.padding);
      const low = f32x4.floor(inside), high = f32x4.add(low, f32x4.splat(1));
      const above = f32x4.sub(inside, low);
      const lowExists = exists(low, last), highExists = exists(high, last);
      v128.store(at + LOW * list, offsetOf(low, size, stride));
      v128.store(at + HIGH * list, offsetOf(high, size, stride));
      // Products, not masks: a place that is no number has to show.
      v128.store(at + LOW_WEIGHT * list, f32x4.mul(f32x4.sub(f32x4.splat(1), above), lowExists));
      v128.store(at + HIGH_WEIGHT * list, f32x4.mul(above, highExists));
      v128.store(at + LOW_SLOPE * list, f32x4.neg(f32x4.mul(slope, lowExists)));
      v128.store(at + HIGH_SLOPE * list, f32x4.mul(slope, highExists));
    }
    indices = f32x4.add(indices, step);
    from += 4 * pixel;
  }
}

/** Brings places to where the image has values: `[0, size - 1]`, or one voxel further where it goes on as zeros. */
@inline
function fold(place: v128, size: i32, padding: i32): v128 {
  if (padding == PADDING_REFLECT && size > 1) {
    const turn = f32x4.splat(<f32>(size - 1) * 2);
    const phase = f32x4.sub(place, f32x4.mul(f32x4.floor(f32x4.div(place, turn)), turn));
    return clamp(f32x4.min(phase, f32x4.sub(turn, phase)), 0, <f32>(size - 1));
  }
  return padding == PADDING_ZEROS ? clamp(place, -1, <f32>size) : clamp(place, 0, <f32>(size - 1));
}

/** Derivative of `fold`: 1 or -1, and 0 where it is constant or has a kink. */
@inline
function slopeOf(place: v128, inside: v128, size: i32, padding: i32): v128 {
  const one = f32x4.splat(1);
  if (padding == PADDING_REFLECT && size > 1) {
    const last = f32x4.splat(<f32>(size - 1)), turn = f32x4.splat(<f32>(size - 1) * 2);
    const phase = f32x4.sub(place, f32x4.mul(f32x4.floor(f32x4.div(place, turn)), turn));
    const direction = v128.bitselect(one, f32x4.splat(-1), f32x4.lt(phase, last));
    return v128.and(direction, v128.and(f32x4.gt(inside, f32x4.splat(0)), f32x4.lt(inside, last)));
  }
  const least: f32 = padding == PADDING_ZEROS ? -1 : 0, most = <f32>(padding == PADDING_ZEROS ? size : size - 1);
  return v128.and(one, v128.and(f32x4.gt(place, f32x4.splat(least)), f32x4.lt(place, f32x4.splat(most))));
}

/** NaN stays NaN. */
@inline
function clamp(v: v128, least: f32, most: f32): v128 {
  return f32x4.min(f32x4.max(v, f32x4.splat(least)), f32x4.splat(most));
}

/** 1 where an index lies in the image, else 0. */
@inline
function exists(index: v128, last: v128): v128 {
  return v128.and(f32x4.splat(1), v128.and(f32x4.ge(index, f32x4.splat(0)), f32x4.le(index, last)));
}

/** Bytes from the first voxel to the one of an index, or to the nearest that exists. */
@inline
function offsetOf(index: v128, size: i32, stride: i32): v128 {
  const whole = i32x4.trunc_sat_f32x4_s(index);
  const inside = i32x4.min_s(i32x4.max_s(whole, i32x4.splat(0)), i32x4.splat(size - 1));
  return i32x4.mul(inside, i32x4.splat(stride));
}
