import { requireIntegers } from '@sshn/core';
import { squaredDistances } from '../distance-transform/distance-transform.js';
import { checkGrid, type Grid, requireVoxels } from '../distance-transform/grid.js';

/**
 * Signed distance maps of the labels of one case: for each voxel and label, the distance to the nearest voxel of that
 * label outside of it (> 0), minus the distance to the nearest voxel of another label within (< 0).
 *
 * A label that is absent, or that fills the whole case, has no boundary: its map is 0.
 *
 * @param labels One true label per voxel, the last axis the fastest. Numbers that are no label belong to none.
 * @param options.labels How many labels there are, the background included.
 * @returns `[...shape, labels]` in mm (in voxels without a spacing), ready for `boundaryLossOfMaps`.
 * @throws {ValueError} if sizes, spacing and labels do not fit together.
 * @example
 * signedDistances([0, 1, 1, 0], { shape: [1, 4], labels: 2 });   // label 1: 1, −1, −1, 1
 *
 * *Source*: Kervadec et al., "Boundary loss for highly unbalanced segmentation" (2019), section 2. Their code has −(d − 1)
 * within, which depends on the unit; here both sides are measured alike.
 */
export function signedDistances(
  labels: ArrayLike<number>,
  { labels: count, ...grid }: Grid & { readonly labels: number },
): Float32Array {
  requireIntegers('signedDistances', { labels: count });
  const voxels = checkGrid('signedDistances', grid);
  requireVoxels('signedDistances', labels, grid, voxels);
  const maps = new Float32Array(voxels * count);
  for (let label = 0; label < count; label++) {
    const inside = Uint8Array.from({ length: voxels }, (_, i) => (labels[i] === label ? 1 : 0));
    const size = inside.reduce((sum, is) => sum + is, 0);
    if (size === 0 || size === voxels) continue;
    const toLabel = squaredDistances(inside, grid);
    const toOthers = squaredDistances(
      inside.map((is) => 1 - is),
      grid,
    );
    // One of the two is 0 at each voxel.
    for (let i = 0; i < voxels; i++) {
      maps[i * count + label] = Math.sqrt(toLabel[i]!) - Math.sqrt(toOthers[i]!);
    }
  }
  return maps;
}
