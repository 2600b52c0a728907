import { type Tensor, tensor } from '@tensorflow/tfjs-core';

/**
 * A smooth field of a few waves that vanishes at the border: `amplitude` voxels at most along each axis.
 *
 * @returns `[1, ...size, rank]`.
 */
export function waves(size: readonly number[], amplitude: number): Tensor {
  const voxels = size.reduce((product, n) => product * n, 1);
  const values = Array.from({ length: voxels }, (_, flat) => {
    let rest = flat;
    const place = [...size].reverse().map((n) => {
      const index = rest % n;
      rest = Math.floor(rest / n);
      return (index + 0.5) / n;
    });
    const fades = place.reduce((product, x) => product * Math.sin(Math.PI * x), 1);
    return size.map((_, axis) => amplitude * fades * Math.sin(2 + axis + 5 * place[axis]!));
  });
  return tensor(values.flat(), [1, ...size, size.length]);
}
