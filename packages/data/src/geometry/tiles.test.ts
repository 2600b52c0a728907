import { describe, expect, test } from 'vitest';
import { blendTiles, cutTile, type Size3, tileCount, tilingOf } from './tiles.js';

const cases: Array<[size: Size3, tile: Size3]> = [
  [
    [9, 7, 1],
    [4, 4, 1],
  ],
  [
    [5, 5, 5],
    [5, 5, 5],
  ],
  [
    [11, 4, 6],
    [3, 4, 2],
  ],
  [
    [2, 13, 3],
    [1, 5, 3],
  ],
  [
    [100, 1, 1],
    [32, 1, 1],
  ],
];

describe.each(cases)('%j in tiles of %j', (size, tile) => {
  const tiling = tilingOf(size, tile);

  test('tiles cover every voxel, lie inside, and overlap by a quarter', () => {
    tiling.starts.forEach((starts, axis) => {
      expect(starts[0]).toBe(0);
      expect(starts.at(-1)! + tile[axis]!).toBe(size[axis]);
      for (const [i, start] of starts.slice(1).entries()) {
        expect(start - starts[i]!).toBeLessThanOrEqual(Math.max(1, Math.ceil(tile[axis]! * 0.75)));
      }
    });
  });

  test('what depends on the place alone comes out without a seam, plane by plane', async () => {
    const labelCount = 2;
    const value = (a: number, b: number, c: number) => 0.1 + a + 0.01 * b + 0.0001 * c;
    const planes: Float32Array[] = [];
    let calls = 0;
    await blendTiles(
      tiling,
      labelCount,
      async ([a, b, c]) => {
        calls++;
        return Float32Array.from({ length: tile[0] * tile[1] * tile[2] * labelCount }, (_, k) => {
          const voxel = Math.floor(k / labelCount);
          const at = [
            Math.floor(voxel / (tile[1] * tile[2])),
            Math.floor(voxel / tile[2]) % tile[1],
            voxel % tile[2],
          ];
          return value(a + at[0]!, b + at[1]!, c + at[2]!) * (k % labelCount === 0 ? 1 : -1);
        });
      },
      (plane) => planes.push(plane),
    );
    expect(calls).toBe(tileCount(tiling));
    expect(planes.length).toBe(size[0]);
    planes.forEach((plane, a) => {
      for (let b = 0; b < size[1]; b++) {
        for (let c = 0; c < size[2]; c++) {
          const at = (b * size[2] + c) * labelCount;
          expect(plane[at]! / value(a, b, c)).toBeCloseTo(1, 5);
          expect(plane[at + 1]! / value(a, b, c)).toBeCloseTo(-1, 5);
        }
      }
    });
  });
});

test('cutTile takes a part of an image with its channels', () => {
  const values = Float32Array.from({ length: 24 }, (_, i) => i);
  const place = { size: [2, 3, 2], channels: 2, begin: [1, 1, 0], tile: [1, 2, 1] } as const;
  expect([...cutTile(values, place)]).toEqual([16, 17, 20, 21]);
});
