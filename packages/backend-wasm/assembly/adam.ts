import { loadLanes, madd, storeLanes } from './simd';

/** As it lies in memory; `src/native/adam.ts` writes it. */
@unmanaged
export class AdamArgs {
  param: usize;
  m: usize;
  v: usize;
  /** The gradient, or the factors of its rows. */
  grad: usize;
  paramOut: usize;
  mOut: usize;
  vOut: usize;
  count: i32;
  /** `1 - learningRate * weightDecay`. */
  keep: f32;
  /** `learningRate / correction1`. */
  rate: f32;
  beta1: f32;
  beta2: f32;
  /** `1 - beta1`, `1 - beta2`. */
  rest1: f32;
  rest2: f32;
  /** `1 / sqrt(correction2)`. */
  rootScale: f32;
  epsilon: f32;
  /** Where the gradient is an outer product, its factors: `grad` `[count / width]` and this row `[width]`. */
  row: usize;
  width: i32;
}

/** Values of one task, and rows of one task where the gradient is an outer product. */
const GRAIN: i32 = 65536;
const ROWS: i32 = 512;

/**
 * One step of Adam with decoupled weight decay over one task's values, in one pass.
 *
 * `m' = beta1 m + rest1 g`, `v' = beta2 v + rest2 g²`,
 * `param' = keep * param - rate * m' / (rootScale * sqrt(v') + epsilon)`.
 */
export function adam(args: AdamArgs, task: i32): void {
  const first = task * GRAIN, count = min(GRAIN, args.count - first);
  const begin = <usize>first << 2, end = begin + (<usize>count << 2);
  for (let at = begin; at < end; at += 16) {
    const left = <i32>(end - at) >> 2;
    update(args, at, loadLanes(args.grad + at, left), left);
  }
}

/** The same for a gradient that is the outer product of `args.grad` and `args.row`, which is never written out. */
export function adamOuter(args: AdamArgs, task: i32): void {
  const width = args.width, rowBytes = <usize>width << 2, rows = args.count / width;
  const first = task * ROWS, last = min(first + ROWS, rows);
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
// @ts-ignore: decorator
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
