import type { Image, LabelMap } from '../dataset/types.js';
import { resampleOnto } from '../volumes/resample-onto.js';
import { type Affine, type Triple, type VoxelData, volumeOf } from '../volumes/volume.js';

/** Rows of an affine map from voxels to voxels, `rank × (rank + 1)`. */
type Rows = readonly (readonly number[])[];

/**
 * An image looked up, linearly, where an affine map takes the voxels of another grid; outside it has its lowest value.
 *
 * @param matrix From voxels of the new grid to voxels of the image, `rank × (rank + 1)`.
 * @param size Of the new grid.
 * @example
 * const onReference = moveImage(image, matrix, reference.size);
 */
export function moveImage(image: Image, matrix: Rows, size: readonly number[]): Image {
  const { channels } = image;
  const count = size.reduce((product, n) => product * n, 1);
  const values = new Float32Array(count * channels);
  for (let c = 0; c < channels; c++) {
    const channel =
      channels === 1
        ? image.values
        : Float32Array.from(
            { length: image.values.length / channels },
            (_, i) => image.values[i * channels + c]!,
          );
    const fill = channel.reduce((least, value) => Math.min(least, value), Infinity);
    const moved = moveValues(channel, image.size, matrix, size, 'linear', fill);
    for (let i = 0; i < count; i++) values[i * channels + c] = moved[i]!;
  }
  return { ...image, values, size: [...size] };
}

/** The same for labels: the nearest one; outside there is background. */
export function moveLabels(labels: LabelMap, matrix: Rows, size: readonly number[]): LabelMap {
  const values = moveValues(labels.values, labels.size, matrix, size, 'nearest', 0);
  return { values: Uint8Array.from(values), size: [...size] };
}

function moveValues(
  values: VoxelData,
  from: readonly number[],
  matrix: Rows,
  to: readonly number[],
  interpolation: 'linear' | 'nearest',
  fill: number,
): ArrayLike<number> {
  // Two dimensions are three with one slice.
  const shape = (size: readonly number[]) =>
    [...Array<number>(3 - size.length).fill(1), ...size] as unknown as Triple;
  const affine = (matrix.length === 3
    ? matrix
    : [[1, 0, 0, 0], ...matrix.map((row) => [0, ...row])]) as unknown as Affine;
  const grid = { shape: shape(to), spacingMm: [1, 1, 1] as const, affine };
  return resampleOnto(volumeOf(values, shape(from), { affine: voxels }), grid, { interpolation, fill }).data;
}

/** Voxels as they are counted. */
const voxels: Affine = [
  [1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, 0, 1, 0],
];
