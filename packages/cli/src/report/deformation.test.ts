import { describe, expect, it } from 'vitest';
import { checkerboard, difference, drawDeformedGrid } from './images.js';

const image = (values: number[], size: readonly number[]) => ({
  values: Float32Array.from(values),
  size,
  channels: 1,
});

it('a checkerboard shows two images in turn', () => {
  const size = [2, 16];
  const board = checkerboard(image(Array(32).fill(1), size), image(Array(32).fill(2), size));
  expect([...board.values.subarray(0, 6)]).toEqual([1, 1, 2, 2, 1, 1]);
  const tall = checkerboard(image(Array(8).fill(1), [8, 1]), image(Array(8).fill(2), [8, 1]));
  expect([...tall.values]).toEqual([1, 2, 1, 2, 1, 2, 1, 2]);
});

it('a difference has no sign', () => {
  expect([...difference(image([1, 5], [1, 2]), image([3, 1], [1, 2])).values]).toEqual([2, 4]);
});

const black = (width: number, height: number) => ({
  width,
  height,
  data: new Uint8Array(3 * width * height),
});
/** How bright the lines are along a row of the picture. */
const reds = (picture: { width: number; data: Uint8Array }, row: number) =>
  Array.from({ length: picture.width }, (_, x) => picture.data[3 * (row * picture.width + x)]!);
/** A field that moves all by so much. */
const moving = (size: readonly number[], ...by: number[]) =>
  Float32Array.from(
    { length: size.reduce((product, edge) => product * edge, 1) * by.length },
    (_, i) => by[i % by.length]!,
  );

describe('drawDeformedGrid', () => {
  it('draws a regular grid where nothing moves, and leaves what lies between its lines', () => {
    // Cells of 4 × 4 pixels.
    const picture = drawDeformedGrid(black(96, 96), moving([96, 96], 0, 0), [96, 96]);
    const row = reds(picture, 2);
    expect([0, 4, 8, 92].map((x) => row[x])).toEqual([230, 230, 230, 230]);
    expect([2, 6, 90].map((x) => row[x])).toEqual([0, 0, 0]);
    expect(reds(picture, 4).every((red) => red === 230)).toBe(true);
  });

  it('moves as the field says: what is looked up one to the right is shown one to the left', () => {
    const row = reds(drawDeformedGrid(black(96, 96), moving([96, 96], 0, 1), [96, 96]), 2);
    expect([3, 7].map((x) => row[x])).toEqual([230, 230]);
    expect([1, 5].map((x) => row[x])).toEqual([0, 0]);
  });

  it('puts lines between the pixels of the image where the picture has more of them', () => {
    const row = reds(drawDeformedGrid(black(288, 96), moving([32, 96], 0, 1 / 3), [32, 96]), 5);
    // A third of a pixel is one of the picture's; the first line would be at 1, the middle of three.
    const lines = row.flatMap((red, x) => (red > 200 ? [x] : []));
    expect(lines.slice(0, 3)).toEqual([0, 12, 24]);
  });

  it('takes the middle slice of a volume, and what lies in its plane', () => {
    const size = [2, 96, 96];
    const field = moving(size, 9, 0, 1);
    field.fill(50, 0, 3 * 96 * 96);
    expect(drawDeformedGrid(black(96, 96), field, size)).toEqual(
      drawDeformedGrid(black(96, 96), moving([96, 96], 0, 1), [96, 96]),
    );
  });

  it('draws images of one pixel', () => {
    expect(drawDeformedGrid(black(1, 1), moving([1, 1], 0, 0), [1, 1]).data).toHaveLength(3);
  });
});
