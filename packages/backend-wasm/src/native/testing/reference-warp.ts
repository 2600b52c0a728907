import type { FullSampling } from '@sshn/ops';
import type { Tensor } from '@tensorflow/tfjs-core';

/** What warping an image by a field gives, and what `⟨dy, warped⟩` has for gradients. */
export interface NaiveWarp {
  readonly warped: number[];
  readonly toImage: number[];
  readonly toField: number[];
}

/**
 * Warping by its definition, in double precision: the image is continued to an endless lattice, and each place reads the
 * lattice's points around it. Places are away from kinks.
 */
export function naiveWarp(image: Tensor, field: Tensor, dy: Tensor, sampling: FullSampling): NaiveWarp {
  const [values, displacement, upstream] = [image, field, dy].map((x) => x.dataSync() as Float32Array) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const [size, spatial] = [image.shape.slice(1, -1), field.shape.slice(0, -1)];
  const [rank, channels, isLinear] = [size.length, image.shape.at(-1)!, sampling.interpolation === 'linear'];
  const warped = new Array<number>(dy.size).fill(0);
  const toImage = new Array<number>(image.size).fill(0);
  const toField = new Array<number>(field.size).fill(0);
  for (let to = 0; to < field.size / rank; to++) {
    const index = indexOf(to, spatial);
    const place = size.map((_, axis) => index[axis + 1]! + displacement[to * rank + axis]!);
    for (let corner = 0; corner < (isLinear ? 2 ** rank : 1); corner++) {
      const isHigh = size.map((_, axis) => ((corner >> axis) & 1) === 1);
      const points = place.map((p, axis) => Math.floor(isLinear ? p : p + 0.5) + (isHigh[axis] ? 1 : 0));
      const weights = place.map((p, axis) => (isLinear ? 1 - Math.abs(p - points[axis]!) : 1));
      const at = points.map((point, axis) => continued(point, size[axis]!, sampling.padding));
      if (at.includes(undefined)) continue;
      const from = at.reduce<number>((row, i, axis) => row * size[axis]! + i!, index[0]!);
      for (let c = 0; c < channels; c++) {
        const [value, gradient] = [values[from * channels + c]!, upstream[to * channels + c]!];
        warped[to * channels + c]! += product(weights) * value;
        toImage[from * channels + c]! += product(weights) * gradient;
        for (let axis = 0; isLinear && axis < rank; axis++) {
          const slope = product(weights.with(axis, isHigh[axis] ? 1 : -1));
          toField[to * rank + axis]! += slope * value * gradient;
        }
      }
    }
  }
  return { warped, toImage, toField };
}

/** Which voxel the endless lattice has at a point; undefined where it is zero. */
function continued(point: number, size: number, padding: FullSampling['padding']): number | undefined {
  if (point >= 0 && point < size) return point;
  if (padding === 'zeros') return undefined;
  if (padding === 'border' || size === 1) return point < 0 ? 0 : size - 1;
  return continued(point < 0 ? -point : 2 * (size - 1) - point, size, padding);
}

function indexOf(flat: number, shape: readonly number[]): number[] {
  return shape.map((length, axis) => Math.floor(flat / product(shape.slice(axis + 1))) % length);
}

function product(factors: readonly number[]): number {
  return factors.reduce((result, factor) => result * factor, 1);
}
