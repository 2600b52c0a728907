import { LINE } from '../dispatch/wgsl.js';

/** WGSL `sumOfGroup(value, local)`, the sum over all threads of a workgroup, in an order of its own; valid in thread 0. */
export const sumOfGroup = `
var<workgroup> sums: array<f32, ${LINE}>;
fn sumOfGroup(value: f32, local: u32) -> f32 {
  workgroupBarrier();
  sums[local] = value;
  for (var half = ${LINE / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local < half) { sums[local] += sums[local + half]; }
  }
  return sums[0];
}`;
