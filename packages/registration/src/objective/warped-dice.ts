import { requireIntegers, ShapeError } from '@sshn/core';
import { softDiceLoss } from '@sshn/losses';
import { cast, oneHot, type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { warp } from '../warp/warp.js';

/** What the labels are that are laid onto each other. */
export interface WarpedDiceOptions {
  /** How many there are, the background included. */
  readonly labels: number;
}

/**
 * How little the warped labels of a moving image overlap with those of the fixed one: one minus the soft Dice of each
 * foreground label's map, warped linearly, averaged over labels and batch.
 *
 * For training with some labels; networks still see images alone. Labels int32 `[batch, ...spatial]`, field
 * `[batch, ...spatial, rank]` in voxels. Differentiable in the field. A label that neither image has counts as a miss, with
 * no gradient. Moving labels that are not below `labels` have no map, and overlap with nothing.
 *
 * @throws {ShapeError} if shapes do not fit each other. @throws {ValueError} if a type or the count is another.
 * @example
 * const loss = add(localNccLoss(moved, fixed), warpedDiceLoss(field, movingLabels, fixedLabels, { labels: 25 }));
 *
 * *Source*: Balakrishnan et al., "VoxelMorph" (2019), section III-C, auxiliary data.
 */
export function warpedDiceLoss(
  field: Tensor,
  movingLabels: Tensor,
  fixedLabels: Tensor,
  { labels }: WarpedDiceOptions,
): Scalar {
  requireIntegers('warpedDiceLoss', { labels }, 2);
  if (movingLabels.shape.join() !== fixedLabels.shape.join()) {
    throw new ShapeError({
      where: 'warpedDiceLoss: labels',
      got: movingLabels.shape,
      expected: `[${fixedLabels.shape.join(', ')}], as those of the fixed image`,
    });
  }
  return tidy(() => {
    // Not made as floats: tfjs' wasm kernel writes integers, whatever the type.
    const maps = cast(oneHot(movingLabels, labels), 'float32');
    return softDiceLoss(warp(maps, field), fixedLabels, { fromLogits: false });
  });
}
