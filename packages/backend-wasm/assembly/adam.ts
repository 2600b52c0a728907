import { loadLanes, madd, storeLanes } from './simd';

/** As it lies in memory; `src/native/adam.ts` writes it. */
@unmanaged
export class AdamArgs {
  param: usize;
  m: usize;
  v: usize;
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
}

/** Values of one task. */
const GRAIN: i32 = 65536;

/**
 * One step of Adam with decoupled weight decay over one task's values, in one pass.
 *
 * `m' = beta1 m + rest1 g`, `v' = beta2 v + rest2 g²`,
 * `param' = keep * param - rate * m' / (rootScale * sqrt(v') + epsilon)`.
 */
export function adam(args: AdamArgs, task: i32): void {
  const first = task * GRAIN, count = min(GRAIN, args.count - first), offset = <usize>first << 2;
  let param = args.param + offset, m = args.m + offset, v = args.v + offset, grad = args.grad + offset;
  let paramOut = args.paramOut + offset, mOut = args.mOut + offset, vOut = args.vOut + offset;
  const keep4 = f32x4.splat(args.keep), rate4 = f32x4.splat(args.rate);
  const beta14 = f32x4.splat(args.beta1), beta24 = f32x4.splat(args.beta2);
  const rest14 = f32x4.splat(args.rest1), rest24 = f32x4.splat(args.rest2);
  const rootScale4 = f32x4.splat(args.rootScale), epsilon4 = f32x4.splat(args.epsilon);
  for (let left = count; left > 0; left -= 4) {
    const g = loadLanes(grad, left);
    const m1 = madd(g, rest14, f32x4.mul(loadLanes(m, left), beta14));
    const v1 = madd(f32x4.mul(g, g), rest24, f32x4.mul(loadLanes(v, left), beta24));
    const root = madd(f32x4.sqrt(v1), rootScale4, epsilon4);
    const kept = f32x4.mul(loadLanes(param, left), keep4);
    storeLanes(paramOut, f32x4.sub(kept, f32x4.div(f32x4.mul(m1, rate4), root)), left);
    storeLanes(mOut, m1, left);
    storeLanes(vOut, v1, left);
    param += 16; m += 16; v += 16; grad += 16; paramOut += 16; mOut += 16; vOut += 16;
  }
}
