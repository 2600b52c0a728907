import { loadLanes, madd, storeLanes } from './simd';

/**
 * One step of Adam with decoupled weight decay over `count` values, in one pass.
 *
 * `m' = beta1 m + (1 - beta1) g`, `v' = beta2 v + (1 - beta2) g²`,
 * `param' = keep * param - rate * m' / (rootScale * sqrt(v') + epsilon)`
 * with `keep = 1 - learningRate * weightDecay`, `rate = learningRate / correction1`, `rootScale = 1 / sqrt(correction2)`.
 */
export function adam(
  param: usize, m: usize, v: usize, grad: usize, paramOut: usize, mOut: usize, vOut: usize, count: i32,
  keep: f32, rate: f32, beta1: f32, beta2: f32, rest1: f32, rest2: f32, rootScale: f32, epsilon: f32,
): void {
  const keep4 = f32x4.splat(keep), rate4 = f32x4.splat(rate);
  const beta14 = f32x4.splat(beta1), beta24 = f32x4.splat(beta2);
  const rest14 = f32x4.splat(rest1), rest24 = f32x4.splat(rest2);
  const rootScale4 = f32x4.splat(rootScale), epsilon4 = f32x4.splat(epsilon);
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
