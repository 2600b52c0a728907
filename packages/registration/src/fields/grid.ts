import { range, reshape, stack, type Tensor, tidy, tile } from '@tensorflow/tfjs-core';

/** The indices of a grid's voxels, `[1, ...size, rank]`. */
export function voxelGrid(size: readonly number[]): Tensor {
  return tidy(() => {
    const axes = size.map((length, axis) => {
      const along = size.map((_, other) => (other === axis ? length : 1));
      const indices: Tensor = reshape(range(0, length), [1, ...along]);
      return tile(indices, [1, ...size.map((other, i) => (i === axis ? 1 : other))]);
    });
    return stack(axes, -1);
  });
}
