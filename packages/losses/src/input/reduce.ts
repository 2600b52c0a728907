import { type Scalar, sum, type Tensor } from '@tensorflow/tfjs-core';

/**
 * The sum of all entries, one axis after the other from the last: each running float32 sum stays as short as an axis,
 * so a volume of 256³ voxels does not drown its later entries.
 */
export function sumAll(x: Tensor): Scalar {
  let rest = x;
  while (rest.rank > 0) rest = sum(rest, -1);
  return rest as Scalar;
}

/** Sums of `[batch, ...spatial, labels]` over the spatial axes, kept with length 1; likewise axis by axis. */
export function sumSpatial(x: Tensor): Tensor {
  let rest = x;
  for (let axis = x.rank - 2; axis >= 1; axis--) rest = sum(rest, axis, true);
  return rest;
}
