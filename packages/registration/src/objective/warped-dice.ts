import { requireIntegers, ShapeError } from '@sshn/core';
import { softDiceLoss } from '@sshn/losses';
import { applyAdaptiveAverage } from '@sshn/ops';
import { cast, oneHot, type Scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { requireField, spatialOf } from '../check.js';
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
 * `[batch, ...grid, rank]` in voxels of its own grid. Where that is another one than the labels' the maps of both images are
 * averaged over its windows first: on a grid of half the size that costs an eighth in 3D, and small structures count by
 * their shares of voxels. Differentiable in the field. A label that neither image has counts as a miss, with
 * no gradient. Moving labels that are not below `labels` have no map, and overlap with nothing.
 *
 * @throws {ShapeError} if shapes do not fit each other. @throws {ValueError} if a type or the count is another.
 * @example
 * const loss = add(localNccLoss(moved, fixed), warpedDiceLoss(field, movingLabels, fixedLabels, { labels: 25 }));
 *
 * *Source*: Balakrishnan et al., "VoxelMorph" (2019), section III-C, auxiliary data; their
 * code, too, compares labels at half of the resolution.
 */
export function warpedDiceLoss(
  field: Tensor,
  movingLabels: Tensor,
  fixedLabels: Tensor,
  { labels }: WarpedDiceOptions,
): Scalar {
  requireIntegers('warpedDiceLoss', { labels }, 2);
  requireField('warpedDiceLoss', field);
  if (movingLabels.shape.join() !== fixedLabels.shape.join()) {
    throw new ShapeError({
      where: 'warpedDiceLoss: labels',
      got: movingLabels.shape,
      expected: `[${fixedLabels.shape.join(', ')}], as those of the fixed image`,
    });
  }
  return tidy(() => {
    // Not made as floats: tfjs' wasm kernel writes integers, whatever the type.
    const mapsOf = (x: Tensor) => cast(oneHot(x, labels), 'float32');
    const grid = spatialOf(field);
    if (grid.join() === fixedLabels.shape.slice(1).join())
      return softDiceLoss(warp(mapsOf(movingLabels), field), fixedLabels, { fromLogits: false });
    const [moving, fixed] = [movingLabels, fixedLabels].map((x) => applyAdaptiveAverage(mapsOf(x), grid));
    return softDiceLoss(warp(moving!, field), fixed!, { fromLogits: false });
  });
}
