import type { Image, LabelMap } from '../dataset/types.js';

/**
 * Where a new pixel looks in the old image, both relative to the center: `rows[a]` gives coordinate a of the place as a
 * weighted sum of the new pixel's coordinates.
 */
export type LinearMap = readonly (readonly number[])[];

/** Along depth, height and width. */
type Triple = readonly [depth: number, height: number, width: number];

/**
 * Resamples an image linearly and its labels by the nearest pixel at the same places:
 * place(p) = center + map · (p − center) + bend(p).
 *
 * Beyond the border both are reflected, the border pixel repeated: … b a | a b c | c b …
 *
 * @param map @default the identity
 * @param bend For every axis, row-major displacements in pixels. @default none
 */
export function warp(
  image: Image,
  labels: LabelMap,
  map: LinearMap | undefined,
  bend: readonly Float32Array[] | undefined,
): { image: Image; labels: LabelMap } {
  const { size, channels } = image;
  const rank = size.length;
  // In 2D a third axis of one pixel, along which nothing moves.
  const grid: [number, number, number] = [rank === 2 ? 1 : size[0]!, size.at(-2)!, size.at(-1)!];
  const center = grid.map((n) => (n - 1) / 2);
  const rows = map ?? size.map((_, a) => size.map((_, b) => (a === b ? 1 : 0)));
  const values = new Float32Array(image.values.length);
  const warped = new Uint8Array(labels.values.length);
  const place: [number, number, number] = [0, 0, 0];
  const point: [number, number, number] = [0, 0, 0];
  let index = 0;
  for (point[0] = 0; point[0] < grid[0]; point[0]++) {
    for (point[1] = 0; point[1] < grid[1]; point[1]++) {
      for (point[2] = 0; point[2] < grid[2]; point[2]++, index++) {
        for (let a = 0; a < rank; a++) {
          const axis = a + 3 - rank;
          let at = center[axis]!;
          for (let b = 0; b < rank; b++) {
            const other = b + 3 - rank;
            at += rows[a]![b]! * (point[other]! - center[other]!);
          }
          place[axis] = bend === undefined ? at : at + bend[a]![index]!;
        }
        mix(values, index * channels, image.values, grid, channels, place);
        warped[index] = labels.values[nearest(grid, place)]!;
      }
    }
  }
  return { image: { ...image, values }, labels: { values: warped, size } };
}

/** Adds up the eight (in 2D four) pixels around a place, by their nearness. */
function mix(
  into: Float32Array,
  to: number,
  values: Float32Array,
  [depth, height, width]: Triple,
  channels: number,
  [z, y, x]: Triple,
): void {
  const [z0, y0, x0] = [Math.floor(z), Math.floor(y), Math.floor(x)];
  for (let dz = 0; dz <= 1; dz++) {
    const weightZ = dz === 1 ? z - z0 : 1 - (z - z0);
    if (weightZ === 0) continue;
    const plane = reflect(z0 + dz, depth) * height;
    for (let dy = 0; dy <= 1; dy++) {
      const weightY = weightZ * (dy === 1 ? y - y0 : 1 - (y - y0));
      if (weightY === 0) continue;
      const row = (plane + reflect(y0 + dy, height)) * width;
      for (let dx = 0; dx <= 1; dx++) {
        const weight = weightY * (dx === 1 ? x - x0 : 1 - (x - x0));
        const from = (row + reflect(x0 + dx, width)) * channels;
        for (let c = 0; c < channels; c++) into[to + c]! += weight * values[from + c]!;
      }
    }
  }
}

/** The index of the pixel that a place lies in. */
function nearest([depth, height, width]: Triple, [z, y, x]: Triple): number {
  const plane = reflect(Math.floor(z + 0.5), depth) * height;
  const row = (plane + reflect(Math.floor(y + 0.5), height)) * width;
  return row + reflect(Math.floor(x + 0.5), width);
}

function reflect(i: number, n: number): number {
  if (i >= 0 && i < n) return i;
  const within = ((i % (2 * n)) + 2 * n) % (2 * n);
  return within < n ? within : 2 * n - 1 - within;
}
