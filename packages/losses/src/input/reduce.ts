import { sum, type Tensor } from '@tensorflow/tfjs-core';

/** Sums of `[batch, ...spatial, labels]` over the spatial axes, kept with length 1; axis by axis, as `sumAll` of @sshn/ops. */
export function sumSpatial(x: Tensor): Tensor {
  let rest = x;
  for (let axis = x.rank - 2; axis >= 1; axis--) rest = sum(rest, axis, true);
  return rest;
}
