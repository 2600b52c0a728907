import type { Image, LabelMap } from '@sshn/data';

/** How many cells of a drawn grid there are along the longer side of an image, about. */
const cellsAcross = 24;

/** How many squares of a checkerboard there are along the longer side of an image. */
const squaresAcross = 8;

/**
 * The cells of a regular grid on the moving image, as a field brings them onto the fixed one: their borders, drawn, are the
 * deformed grid.
 *
 * @param field Displacement in voxels, `[...size, rank]`; of volumes, what lies in the plane of the slices counts.
 */
export function deformedCells(field: Float32Array, size: readonly number[]): LabelMap {
  const rank = size.length;
  const [height, width] = size.slice(-2) as [number, number];
  const edge = Math.max(2, Math.round(Math.max(height, width) / cellsAcross));
  const values = new Uint8Array(field.length / rank);
  for (let i = 0; i < values.length; i++) {
    const y = (Math.floor(i / width) % height) + field[i * rank + rank - 2]!;
    const x = (i % width) + field[i * rank + rank - 1]!;
    // Cells that touch have different numbers, which is all that their borders need.
    values[i] = 8 * cyclic(Math.floor(y / edge), 8) + cyclic(Math.floor(x / edge), 8);
  }
  return { values, size };
}

/** Two images in squares in turn, the first one in the top left corner: edges go on where they are aligned. */
export function checkerboard(a: Image, b: Image): Image {
  const [height, width] = a.size.slice(-2) as [number, number];
  const edge = Math.max(1, Math.ceil(Math.max(height, width) / squaresAcross));
  return {
    ...a,
    values: a.values.map((value, i) => {
      const pixel = Math.floor(i / a.channels);
      const square =
        Math.floor((Math.floor(pixel / width) % height) / edge) + Math.floor((pixel % width) / edge);
      return square % 2 === 0 ? value : b.values[i]!;
    }),
  };
}

/** Where two images differ, and how much. */
export function difference(a: Image, b: Image): Image {
  return { ...a, values: a.values.map((value, i) => Math.abs(value - b.values[i]!)) };
}

function cyclic(index: number, length: number): number {
  return ((index % length) + length) % length;
}
