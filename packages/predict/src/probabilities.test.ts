import type { Size3 } from '@sshn/data';
import { describe, expect, test } from 'vitest';
import { type GridWindow, LabelWriter } from './probabilities.js';

/** Numbers in [0, 1) that look random; the same for the same seed. */
function noise(count: number, seed: number): Float32Array {
  let state = seed * 2654435761;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  });
}

/** The value at a place, by trilinear interpolation written out over all eight corners; background outside of the window. */
function naive(
  values: Float32Array,
  window: GridWindow,
  labelCount: number,
  at: Size3,
  label: number,
): number {
  const { size, resampled, begin, image } = window;
  const center = at.map((i, axis) =>
    Math.min(Math.max(((i + 0.5) * resampled[axis]!) / image[axis]! - 0.5, 0), resampled[axis]! - 1),
  );
  let sum = 0;
  for (const corner of [0, 1, 2, 3, 4, 5, 6, 7]) {
    let weight = 1;
    const place = center.map((x, axis) => {
      const isUpper = (corner >> axis) & 1;
      const low = Math.floor(x);
      weight *= isUpper ? x - low : 1 - (x - low);
      return Math.min(low + isUpper, resampled[axis]! - 1) - begin[axis]!;
    });
    const isInside = place.every((n, axis) => n >= 0 && n < size[axis]!);
    const index = ((place[0]! * size[1] + place[1]!) * size[2] + place[2]!) * labelCount + label;
    sum += weight * (isInside ? values[index]! : label === 0 ? 1 : 0);
  }
  return sum;
}

const windows: Array<[string, GridWindow]> = [
  ['one to one', { size: [3, 4, 2], resampled: [3, 4, 2], begin: [0, 0, 0], image: [3, 4, 2] }],
  ['larger and smaller', { size: [4, 3, 5], resampled: [4, 3, 5], begin: [0, 0, 0], image: [7, 2, 11] }],
  ['cropped', { size: [2, 3, 4], resampled: [5, 6, 4], begin: [1, 2, 0], image: [5, 6, 4] }],
  ['padded', { size: [6, 5, 7], resampled: [3, 4, 5], begin: [-1, 0, -1], image: [6, 4, 9] }],
  [
    'cropped, padded and resampled',
    { size: [4, 4, 4], resampled: [7, 3, 4], begin: [1, -1, 0], image: [9, 5, 3] },
  ],
  ['a raster image', { size: [5, 4, 1], resampled: [5, 4, 1], begin: [0, 0, 0], image: [9, 3, 1] }],
  ['one pixel', { size: [1, 1, 1], resampled: [1, 1, 1], begin: [0, 0, 0], image: [2, 3, 1] }],
];

describe('LabelWriter', () => {
  test.each(windows)('%s: probabilities and labels of every voxel', (_, window) => {
    const labelCount = 3;
    const { size, image } = window;
    const values = noise(size[0] * size[1] * size[2] * labelCount, 5);
    const writer = new LabelWriter(window, labelCount, true);
    const plane = size[1] * size[2] * labelCount;
    for (let i = 0; i < size[0]; i++) writer.push(values.slice(i * plane, (i + 1) * plane));
    let voxel = 0;
    for (let d = 0; d < image[0]; d++) {
      for (let h = 0; h < image[1]; h++) {
        for (let w = 0; w < image[2]; w++, voxel++) {
          const wanted = [0, 1, 2].map((label) => naive(values, window, labelCount, [d, h, w], label));
          wanted.forEach((value, label) => {
            expect(writer.probabilities![voxel * labelCount + label]).toBeCloseTo(value, 5);
          });
          expect(wanted[writer.labels[voxel]!]).toBeCloseTo(Math.max(...wanted), 5);
        }
      }
    }
  });
});
