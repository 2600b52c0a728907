import { loadLanes, madd, storeLanes } from './simd';
import { AdamArgs, OUTER_ROWS, POINTWISE_GRAIN } from './layout';

/**
 * One step of Adam with decoupled weight decay over one task's values, in one pass.
 *
 * `m' = beta1 m + rest1 g`, `v' = beta2 v + rest2 g²`,
 * `param' = keep * param - rate * m' / (rootScale * sqrt(v') + epsilon)`.
 */
export function adam(args: AdamArgs, task: i32): void {
  const first = task * POINTWISE_GRAIN, count = min(POINTWISE_GRAIN, args.count - first);
  const begin = <usize>first << 2, end = begin + (<usize>count << 2);
  for (let at = begin; at < end; at += 16) {
    const left = <i32>(end - at) >> 2;
    update(args, at, loadLanes(args.grad + at, left), left);
  }
}

/** The same for a gradient that is the outer product of `args.grad` and `args.row`, which is never written out. */
export function adamOuter(args: AdamArgs, task: i32): void {
  const width = args.width, rowBytes = <usize>width << 2, rows = args.count / width;
  const first = task * OUTER_ROWS, last = min(first + OUTER_ROWS, rows);
  let begin = <usize>first * rowBytes;
  for (let row = first; row < last; row++) {
    const scale = v128.load32_splat(args.grad + (<usize>row << 2));
    for (let j = 0; j < width; j += 4) {
      const at = <usize>j << 2, left = width - j;
      update(args, begin + at, f32x4.mul(loadLanes(args.row + at, left), scale), left);
    }
    begin += rowBytes;
  }
}

/** Moves up to four values, `at` bytes from the start, by their gradient. */
@inline
function update(args: AdamArgs, at: usize, g: v128, left: i32): void {
  const m = f32x4.mul(loadLanes(args.m + at, left), f32x4.splat(args.beta1));
  const v = f32x4.mul(loadLanes(args.v + at, left), f32x4.splat(args.beta2));
  const m1 = madd(g, f32x4.splat(args.rest1), m);
  const v1 = madd(f32x4.mul(g, g), f32x4.splat(args.rest2), v);
  const root = madd(f32x4.sqrt(v1), f32x4.splat(args.rootScale), f32x4.splat(args.epsilon));
  const kept = f32x4.mul(loadLanes(args.param + at, left), f32x4.splat(args.keep));
  const step = f32x4.div(f32x4.mul(m1, f32x4.splat(args.rate)), root);
  storeLanes(args.paramOut + at, f32x4.sub(kept, step), left);
  storeLanes(args.mOut + at, m1, left);
  storeLanes(args.vOut + at, v1, left);
}
