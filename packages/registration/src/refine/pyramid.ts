import { resizeLinear } from '@sshn/ops';
import type { Tensor } from '@tensorflow/tfjs-core';

/** The shortest edge of the coarsest level unless told otherwise, in voxels. */
const leastEdge = 16;

/** How many levels halve images of a size until their shortest edge, but for axes of one voxel, is near 16 voxels; 1 to 3. */
export function usualLevels(size: readonly number[]): number {
  const shortest = Math.min(...size.filter((length) => length > 1), Infinity);
  return Math.min(3, 1 + Math.max(0, Math.floor(Math.log2(shortest / leastEdge))));
}

/** The spatial sizes of a pyramid, the coarsest first; each level has half the voxels of the next along every axis. */
export function pyramidSizes(size: readonly number[], levels: number): number[][] {
  const sizes = [[...size]];
  while (sizes.length < levels) sizes.unshift(sizes[0]!.map((length) => Math.max(1, Math.round(length / 2))));
  return sizes;
}

/** An image scaled down to a size in halvings, each a mean of neighbors, so that nothing aliases. The caller owns it. */
export function halved(image: Tensor, sizes: readonly (readonly number[])[]): Tensor {
  let now = image.clone();
  for (const size of sizes) {
    const next = resizeLinear(now, size);
    now.dispose();
    now = next;
  }
  return now;
}
