import { madd, loadLanes, storeLanes } from './simd';
import {
  DEPTH, HEIGHT, HIGH, HIGH_WEIGHT, imageBytes, listBytes, LOW, LOW_WEIGHT, planRow, WIDTH,
} from './warp-plan';
import { WarpArgs } from './layout';

/** Reads the image at the places of one task's rows of the field. */
export function warp(args: WarpArgs, task: i32, worker: i32): void {
  const begin = task * args.grain, end = min(begin + args.grain, args.rows);
  const plan = args.scratch + <usize>worker * args.scratchStride;
  const rowsPerImage = args.outDepth * args.outHeight;
  const rowBytes = <usize>(args.outWidth * args.channels) << 2;
  for (let row = begin; row < end; row++) {
    planRow(args, row, plan);
    const image = args.image + <usize>(row / rowsPerImage) * imageBytes(args);
    const out = args.warped + <usize>row * rowBytes;
    if (args.isNearest) pickRow(args, image, plan, out);
    else if (args.channels == 1) warpRow1(args, image, plan, out);
    else if (args.rank == 3) warpRow3(args, image, plan, out);
    else warpRow2(args, image, plan, out);
  }
}

/** Nearest voxels, of any type of four bytes. */
function pickRow(args: WarpArgs, image: usize, plan: usize, out: usize): void {
  const list = listBytes(args), channels = args.channels;
  for (let w = 0; w < args.outWidth; w++) {
    const at = plan + (<usize>w << 2);
    let from = image + load<u32>(at + (HEIGHT + LOW) * list) + load<u32>(at + (WIDTH + LOW) * list);
    let exists = load<f32>(at + (HEIGHT + LOW_WEIGHT) * list) * load<f32>(at + (WIDTH + LOW_WEIGHT) * list);
    if (args.rank == 3) {
      from += load<u32>(at + (DEPTH + LOW) * list);
      exists *= load<f32>(at + (DEPTH + LOW_WEIGHT) * list);
    }
    for (let c = 0; c < channels; c++) store<u32>(out + (<usize>c << 2), exists != 0 ? load<u32>(from + (<usize>c << 2)) : 0);
    out += <usize>channels << 2;
  }
}

/** One channel: four places at once. */
function warpRow1(args: WarpArgs, image: usize, plan: usize, out: usize): void {
  const list = listBytes(args);
  for (let w = 0; w < args.outWidth; w += 4) {
    const at = plan + (<usize>w << 2);
    let sum: v128;
    if (args.rank == 3) {
      const near = plane1(image, v128.load(at + (DEPTH + LOW) * list), at, list);
      const far = plane1(image, v128.load(at + (DEPTH + HIGH) * list), at, list);
      sum = f32x4.mul(near, v128.load(at + (DEPTH + LOW_WEIGHT) * list));
      sum = madd(far, v128.load(at + (DEPTH + HIGH_WEIGHT) * list), sum);
    } else {
      sum = plane1(image, i32x4.splat(0), at, list);
    }
    storeLanes(out, sum, args.outWidth - w);
    out += 16;
  }
}

@inline
function plane1(image: usize, layer: v128, at: usize, list: usize): v128 {
  const top = i32x4.add(layer, v128.load(at + (HEIGHT + LOW) * list));
  const bottom = i32x4.add(layer, v128.load(at + (HEIGHT + HIGH) * list));
  const above = line1(image, top, at, list), below = line1(image, bottom, at, list);
  const sum = f32x4.mul(above, v128.load(at + (HEIGHT + LOW_WEIGHT) * list));
  return madd(below, v128.load(at + (HEIGHT + HIGH_WEIGHT) * list), sum);
}

@inline
function line1(image: usize, line: v128, at: usize, list: usize): v128 {
  const left = valuesAt(image, i32x4.add(line, v128.load(at + (WIDTH + LOW) * list)));
  const right = valuesAt(image, i32x4.add(line, v128.load(at + (WIDTH + HIGH) * list)));
  const sum = f32x4.mul(left, v128.load(at + (WIDTH + LOW_WEIGHT) * list));
  return madd(right, v128.load(at + (WIDTH + HIGH_WEIGHT) * list), sum);
}

/** Four values, each at its own offset in bytes. */
@inline
export function valuesAt(base: usize, offsets: v128): v128 {
  let lanes = v128.load32_zero(base + <usize>i32x4.extract_lane(offsets, 0));
  lanes = v128.load_lane<f32>(base + <usize>i32x4.extract_lane(offsets, 1), lanes, 1);
  lanes = v128.load_lane<f32>(base + <usize>i32x4.extract_lane(offsets, 2), lanes, 2);
  return v128.load_lane<f32>(base + <usize>i32x4.extract_lane(offsets, 3), lanes, 3);
}

/** Several channels in 2D: place by place, four channels at once. */
function warpRow2(args: WarpArgs, image: usize, plan: usize, out: usize): void {
  const list = listBytes(args), channels = args.channels;
  for (let w = 0; w < args.outWidth; w++) {
    const at = plan + (<usize>w << 2);
    const top = image + load<u32>(at + (HEIGHT + LOW) * list), bottom = image + load<u32>(at + (HEIGHT + HIGH) * list);
    const left = <usize>load<u32>(at + (WIDTH + LOW) * list), right = <usize>load<u32>(at + (WIDTH + HIGH) * list);
    const down0 = v128.load32_splat(at + (HEIGHT + LOW_WEIGHT) * list);
    const down1 = v128.load32_splat(at + (HEIGHT + HIGH_WEIGHT) * list);
    const across0 = v128.load32_splat(at + (WIDTH + LOW_WEIGHT) * list);
    const across1 = v128.load32_splat(at + (WIDTH + HIGH_WEIGHT) * list);
    for (let c = 0; c < channels; c += 4) {
      const offset = <usize>c << 2, count = channels - c;
      const above = pair(top + left + offset, top + right + offset, across0, across1, count);
      const below = pair(bottom + left + offset, bottom + right + offset, across0, across1, count);
      storeLanes(out + offset, madd(below, down1, f32x4.mul(above, down0)), count);
    }
    out += <usize>channels << 2;
  }
}

/** Several channels in 3D. */
function warpRow3(args: WarpArgs, image: usize, plan: usize, out: usize): void {
  const list = listBytes(args), channels = args.channels;
  for (let w = 0; w < args.outWidth; w++) {
    const at = plan + (<usize>w << 2);
    const near = image + load<u32>(at + (DEPTH + LOW) * list), far = image + load<u32>(at + (DEPTH + HIGH) * list);
    const top = <usize>load<u32>(at + (HEIGHT + LOW) * list), bottom = <usize>load<u32>(at + (HEIGHT + HIGH) * list);
    const left = <usize>load<u32>(at + (WIDTH + LOW) * list), right = <usize>load<u32>(at + (WIDTH + HIGH) * list);
    const back0 = v128.load32_splat(at + (DEPTH + LOW_WEIGHT) * list);
    const back1 = v128.load32_splat(at + (DEPTH + HIGH_WEIGHT) * list);
    const down0 = v128.load32_splat(at + (HEIGHT + LOW_WEIGHT) * list);
    const down1 = v128.load32_splat(at + (HEIGHT + HIGH_WEIGHT) * list);
    const across0 = v128.load32_splat(at + (WIDTH + LOW_WEIGHT) * list);
    const across1 = v128.load32_splat(at + (WIDTH + HIGH_WEIGHT) * list);
    for (let c = 0; c < channels; c += 4) {
      const offset = <usize>c << 2, count = channels - c;
      const a = near + offset, b = far + offset;
      const nearTop = pair(a + top + left, a + top + right, across0, across1, count);
      const nearBottom = pair(a + bottom + left, a + bottom + right, across0, across1, count);
      const farTop = pair(b + top + left, b + top + right, across0, across1, count);
      const farBottom = pair(b + bottom + left, b + bottom + right, across0, across1, count);
      const front = madd(nearBottom, down1, f32x4.mul(nearTop, down0));
      const behind = madd(farBottom, down1, f32x4.mul(farTop, down0));
      storeLanes(out + offset, madd(behind, back1, f32x4.mul(front, back0)), count);
    }
    out += <usize>channels << 2;
  }
}

@inline
function pair(left: usize, right: usize, across0: v128, across1: v128, count: i32): v128 {
  return madd(loadLanes(right, count), across1, f32x4.mul(loadLanes(left, count), across0));
}
