import { madd, loadLanes, storeLanes } from './simd';
import {
  DEPTH, HEIGHT, HIGH, imageBytes, listBytes, LOW, LOW_WEIGHT, planAxis, planRow, WIDTH,
} from './warp-plan';
import { RANGE_BYTES, WarpArgs } from './layout';

/**
 * Which part of the image one task's rows of the field read: offsets in bytes of the first and last index along the image's
 * outermost axis, `[first, last]` per row.
 */
export function warpRanges(args: WarpArgs, task: i32, worker: i32): void {
  const begin = task * args.grain, end = min(begin + args.grain, args.rows);
  const plan = args.scratch + <usize>worker * args.scratchStride, list = listBytes(args);
  const lists = plan + (args.rank == 3 ? DEPTH : HEIGHT) * list;
  for (let row = begin; row < end; row++) {
    planAxis(args, row, 3 - args.rank, plan);
    let first = u32.MAX_VALUE, last: u32 = 0;
    for (let w = 0; w < args.outWidth; w++) {
      const at = lists + (<usize>w << 2);
      const low = load<u32>(at + LOW * list), high = args.isNearest ? low : load<u32>(at + HIGH * list);
      first = min(first, low);
      last = max(last, high);
    }
    const range = args.ranges + <usize>row * RANGE_BYTES;
    store<u32>(range, first);
    store<u32>(range, last, 4);
  }
}

/**
 * The gradient to one slab of one image: a task adds up what the places of all rows that read the slab send there, in their
 * order, so a voxel's sum depends neither on the slabs nor on the threads.
 */
export function warpGradientImage(args: WarpArgs, task: i32, worker: i32): void {
  const plan = args.scratch + <usize>worker * args.scratchStride;
  const image = task / args.slabs, slab = task - image * args.slabs;
  const outer = args.rank == 3 ? args.inDepth : args.inHeight;
  const layer = imageBytes(args) / <usize>outer;
  const begin = <u32>(slab * outer / args.slabs) * <u32>layer, end = <u32>((slab + 1) * outer / args.slabs) * <u32>layer;
  const base = args.image + <usize>image * imageBytes(args);
  memory.fill(base + begin, 0, end - begin);
  const rowsPerImage = args.outDepth * args.outHeight, rowBytes = <usize>(args.outWidth * args.channels) << 2;
  for (let row = image * rowsPerImage; row < (image + 1) * rowsPerImage; row++) {
    const range = args.ranges + <usize>row * RANGE_BYTES;
    if (load<u32>(range) >= end || load<u32>(range, 4) < begin) continue;
    planRow(args, row, plan);
    scatterRow(args, base, plan, args.warped + <usize>row * rowBytes, begin, end);
  }
}

/** Sends each place's dy to the voxels that it reads, as far as they lie in `[begin, end)`. */
function scatterRow(args: WarpArgs, base: usize, plan: usize, dy: usize, begin: u32, end: u32): void {
  const list = listBytes(args), channels = args.channels, neighbors: usize = args.isNearest ? 1 : 2;
  for (let w = 0; w < args.outWidth; w++) {
    const at = plan + (<usize>w << 2);
    if (args.rank == 3) {
      for (let i: usize = 0; i < neighbors; i++) {
        const layer = load<u32>(at + (DEPTH + LOW + i) * list);
        if (layer < begin || layer >= end) continue;
        const back = load<f32>(at + (DEPTH + LOW_WEIGHT + i) * list);
        for (let j: usize = 0; j < neighbors; j++) {
          const line = load<u32>(at + (HEIGHT + LOW + j) * list), down = load<f32>(at + (HEIGHT + LOW_WEIGHT + j) * list);
          scatterLine(base + layer + line, at, list, dy, back * down, channels, neighbors);
        }
      }
    } else {
      for (let j: usize = 0; j < neighbors; j++) {
        const line = load<u32>(at + (HEIGHT + LOW + j) * list), down = load<f32>(at + (HEIGHT + LOW_WEIGHT + j) * list);
        if (line >= begin && line < end) scatterLine(base + line, at, list, dy, down, channels, neighbors);
      }
    }
    dy += <usize>channels << 2;
  }
}

@inline
function scatterLine(line: usize, at: usize, list: usize, dy: usize, weight: f32, channels: i32, neighbors: usize): void {
  for (let k: usize = 0; k < neighbors; k++) {
    const to = line + load<u32>(at + (WIDTH + LOW + k) * list);
    const share = weight * load<f32>(at + (WIDTH + LOW_WEIGHT + k) * list);
    if (channels == 1) {
      store<f32>(to, load<f32>(to) + share * load<f32>(dy));
    } else {
      for (let c = 0; c < channels; c += 4) {
        const offset = <usize>c << 2, count = channels - c;
        const sum = madd(loadLanes(dy + offset, count), f32x4.splat(share), loadLanes(to + offset, count));
        storeLanes(to + offset, sum, count);
      }
    }
  }
}
