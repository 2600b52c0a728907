import { describe, expect, test } from 'vitest';
import { moveImage, moveLabels } from './affine.js';

describe('moveImage and moveLabels', () => {
  test('by hand: half a pixel to the right, one row down; outside is the lowest value of each channel', () => {
    const image = { values: Float32Array.of(5, 50, 7, 70, 9, 90, 6, 60), size: [2, 2], channels: 2 };
    const matrix = [
      [1, 0, 1],
      [0, 1, 0.25],
    ];
    const moved = moveImage({ ...image, intensities: 'picture' }, matrix, [2, 1]);
    expect(Array.from(moved.values)).toEqual([8.25, 82.5, 5, 50]);
    expect(moved).toMatchObject({ size: [2, 1], channels: 2, intensities: 'picture' });
    const labels = moveLabels({ values: Uint8Array.of(1, 2, 3, 4), size: [2, 2] }, matrix, [2, 1]);
    expect(labels).toEqual({ values: Uint8Array.of(3, 0), size: [2, 1] });
  });

  test('in three dimensions: axes change places', () => {
    const image = { values: Float32Array.from({ length: 6 }, (_, i) => i), size: [1, 2, 3], channels: 1 };
    const turned = moveImage(
      image,
      [
        [0, 0, 1, 0],
        [0, 1, 0, 0],
        [1, 0, 0, 0],
      ],
      [3, 2, 1],
    );
    expect(Array.from(turned.values)).toEqual([0, 3, 1, 4, 2, 5]);
  });
});
