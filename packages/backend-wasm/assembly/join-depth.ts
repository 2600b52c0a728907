import { loadLanes, madd, storeLanes } from './simd';
import { JoinDepthArgs, DEPTH_SHARE, DEPTH_SHARES } from './layout';

/**
 * Interpolation along depth of the products of an upsampled volume, some pixels of some slices: for each slice the sum of
 * `DEPTH_SHARES` weighted runs, two planes for each of the three taps along depth.
 */
export function joinDepth(args: JoinDepthArgs, task: i32): void {
  const perSlice = (args.pixels + args.grain - 1) / args.grain, slice = task / perSlice;
  const first = (task - slice * perSlice) * args.grain, last = min(first + args.grain, args.pixels);
  const values = args.values, share = args.shares + <usize>slice * DEPTH_SHARES * DEPTH_SHARE;
  const runBytes = <usize>values << 2, pixelBytes = 3 * runBytes, start = args.planes + <usize>first * pixelBytes;
  let a = start + load<usize>(share), b = start + load<usize>(share, 8), c = start + load<usize>(share, 16);
  let d = start + load<usize>(share, 24), e = start + load<usize>(share, 32), f = start + load<usize>(share, 40);
  const wa = v128.load32_splat(share, 4), wb = v128.load32_splat(share, 12), wc = v128.load32_splat(share, 20);
  const wd = v128.load32_splat(share, 28), we = v128.load32_splat(share, 36), wf = v128.load32_splat(share, 44);
  let to = args.slices + <usize>(slice * args.pixels + first) * runBytes;
  for (let pixel = first; pixel < last; pixel++) {
    let left = values;
    for (; left >= 4; left -= 4) {
      let sum = f32x4.mul(v128.load(a), wa);
      sum = madd(v128.load(b), wb, sum);
      sum = madd(v128.load(c), wc, sum);
      sum = madd(v128.load(d), wd, sum);
      sum = madd(v128.load(e), we, sum);
      v128.store(to, madd(v128.load(f), wf, sum));
      a += 16; b += 16; c += 16; d += 16; e += 16; f += 16; to += 16;
    }
    if (left > 0) {
      let sum = f32x4.mul(loadLanes(a, left), wa);
      sum = madd(loadLanes(b, left), wb, sum);
      sum = madd(loadLanes(c, left), wc, sum);
      sum = madd(loadLanes(d, left), wd, sum);
      sum = madd(loadLanes(e, left), we, sum);
      storeLanes(to, madd(loadLanes(f, left), wf, sum), left);
      const rest = <usize>left << 2;
      a += rest; b += rest; c += rest; d += rest; e += rest; f += rest; to += rest;
    }
    const others = pixelBytes - runBytes;
    a += others; b += others; c += others; d += others; e += others; f += others;
  }
}

/** Transpose of `joinDepth`: adds the gradients to the slices, weighted, to those to the planes. One task does its pixels in all slices. */
export function joinDepthGradient(args: JoinDepthArgs, task: i32): void {
  const first = task * args.grain, last = min(first + args.grain, args.pixels), values = args.values;
  const runBytes = <usize>values << 2, pixelBytes = 3 * runBytes;
  for (let slice = 0; slice < args.count; slice++) {
    const share = args.shares + <usize>slice * DEPTH_SHARES * DEPTH_SHARE;
    for (let i: usize = 0; i < DEPTH_SHARES * DEPTH_SHARE; i += DEPTH_SHARE) {
      if (load<f32>(share + i, 4) == 0) continue;
      const weight = v128.load32_splat(share + i, 4);
      let from = args.slices + <usize>(slice * args.pixels + first) * runBytes;
      let to = args.planes + load<usize>(share + i) + <usize>first * pixelBytes;
      for (let pixel = first; pixel < last; pixel++) {
        let left = values;
        for (; left >= 4; left -= 4) {
          v128.store(to, madd(v128.load(from), weight, v128.load(to)));
          from += 16; to += 16;
        }
        if (left > 0) {
          storeLanes(to, madd(loadLanes(from, left), weight, loadLanes(to, left)), left);
          from += <usize>left << 2; to += <usize>left << 2;
        }
        to += pixelBytes - runBytes;
      }
    }
  }
}
