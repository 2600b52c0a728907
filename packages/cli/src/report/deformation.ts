import type { Image } from '@sshn/data';
import type { Picture } from './images.js';

/** How many squares of a checkerboard there are along the longer side of an image. */
const squaresAcross = 8;

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

/** How many cells of a drawn grid there are along the longer side of an image, about. */
const cellsAcross = 24;

/** How wide lines are, in pixels of the picture. */
const lineWidth = 1.2;

const lineColor = [230, 159, 0] as const;

/**
 * Draws a regular grid on the moving image as a field brings it onto the fixed one over a picture, in smooth lines. Where it
 * folds, lines cross themselves.
 *
 * @param picture Of the moved image, or of its middle slice.
 * @param field Displacement in voxels, `[...size, rank]`; of volumes, what lies in the plane of the slice counts.
 */
export function drawDeformedGrid(
  { width, height, data }: Picture,
  field: Float32Array,
  size: readonly number[],
): Picture {
  const sampled = inPlane(field, size);
  const [rows, columns] = size.slice(-2) as [number, number];
  const cell = Math.max(2, Math.round(Math.max(rows, columns) / cellsAcross));
  // Where each pixel of the picture looks in the moving image, in cells.
  const lookups = [0, 1].map((axis) => {
    const place = new Float32Array(width * height);
    for (let y = 0; y < height; y++) {
      const row = ((y + 0.5) * rows) / height - 0.5;
      for (let x = 0; x < width; x++) {
        const column = ((x + 0.5) * columns) / width - 0.5;
        const displacement = interpolated(sampled, [rows, columns], row, column, axis);
        place[y * width + x] = ((axis === 0 ? row : column) + displacement) / cell;
      }
    }
    return place;
  });
  const drawn = data.slice();
  for (let i = 0; i < width * height; i++) {
    const cover = Math.max(...lookups.map((place) => coverAt(place, i, width, height)));
    if (cover === 0) continue;
    for (let c = 0; c < 3; c++)
      drawn[3 * i + c] = Math.round(drawn[3 * i + c]! * (1 - cover) + lineColor[c]! * cover);
  }
  return { width, height, data: drawn };
}

/** The last two components of the field's middle slice, side by side. */
function inPlane(field: Float32Array, size: readonly number[]): Float32Array {
  const rank = size.length;
  const pixels = size.at(-1)! * size.at(-2)!;
  const first = rank === 3 ? Math.floor(size[0]! / 2) * pixels : 0;
  return Float32Array.from(
    { length: 2 * pixels },
    (_, i) => field[(first + (i >> 1)) * rank + rank - 2 + (i & 1)]!,
  );
}

/** One component between pixels, linearly; outside, that of the border. */
function interpolated(
  field: Float32Array,
  [rows, columns]: readonly [number, number],
  row: number,
  column: number,
  axis: number,
): number {
  const [y, x] = [within(row, rows), within(column, columns)];
  const [y0, x0] = [Math.floor(y), Math.floor(x)];
  const [y1, x1] = [Math.min(y0 + 1, rows - 1), Math.min(x0 + 1, columns - 1)];
  const at = (r: number, c: number): number => field[2 * (r * columns + c) + axis]!;
  const above = at(y0, x0) + (x - x0) * (at(y0, x1) - at(y0, x0));
  const below = at(y1, x0) + (x - x0) * (at(y1, x1) - at(y1, x0));
  return above + (y - y0) * (below - above);
}

const within = (place: number, count: number): number => Math.min(Math.max(place, 0), count - 1);

/** How much of a pixel the nearest line covers: its distance is the one in cells by how fast these change. */
function coverAt(place: Float32Array, i: number, width: number, height: number): number {
  const [x, y] = [i % width, Math.floor(i / width)];
  const slope = Math.hypot(
    place[x + 1 < width ? i + 1 : i]! - place[x > 0 ? i - 1 : i]!,
    place[y + 1 < height ? i + width : i]! - place[y > 0 ? i - width : i]!,
  );
  const steps = 2;
  const distance = (Math.abs(place[i]! - Math.round(place[i]!)) * steps) / Math.max(slope, 1e-6);
  return Math.min(1, Math.max(0, (lineWidth + 1) / 2 - distance));
}
