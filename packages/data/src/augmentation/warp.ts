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
  const target = { values, labels: warped };
  const from = { values: image.values, labels: labels.values, grid, channels };
  const [depth, height, width] = grid;
  const missing = 3 - rank;
  const rowOf = (a: number): Triple => {
    const [z = 0, y = 0, x = 0] = [0, 1, 2].map((b) => rows[a - missing]?.[b - missing] ?? 0);
    return [z, y, x];
  };
  const [ofZ, ofY, ofX] = [rowOf(0), rowOf(1), rowOf(2)];
  const alongX: Triple = [ofZ[2], ofY[2], ofX[2]];
  const [bendZ, bendY, bendX] = [...Array<undefined>(missing).fill(undefined), ...(bend ?? [])];
  let index = 0;
  for (let z = 0; z < depth; z++) {
    const fromZ = z - center[0]!;
    for (let y = 0; y < height; y++) {
      const fromY = y - center[1]!;
      const [rowZ, rowY, rowX] = [ofZ, ofY, ofX].map(
        (row, axis) => center[axis]! + row[0] * fromZ + row[1] * fromY,
      ) as [number, number, number];
      for (let x = 0; x < width; x++, index++) {
        const fromX = x - center[2]!;
        const atY = rowY + alongX[1] * fromX + (bendY === undefined ? 0 : bendY[index]!);
        const atX = rowX + alongX[2] * fromX + (bendX === undefined ? 0 : bendX[index]!);
        if (rank === 2) samplePlane(target, index, from, atY, atX);
        else {
          const atZ = rowZ + alongX[0] * fromX + (bendZ === undefined ? 0 : bendZ[index]!);
          sample(target, index, from, atZ, atY, atX);
        }
      }
    }
  }
  return { image: { ...image, values }, labels: { values: warped, size } };
}

interface Source {
  readonly values: Float32Array;
  readonly labels: Uint8Array;
  readonly grid: Triple;
  readonly channels: number;
}

/**
 * One pixel: the eight (in 2D four) around a place, by their nearness, and the label of the nearest. Scalars alone, as it runs for
 * each pixel of each image of a training.
 */
function sample(
  into: { readonly values: Float32Array; readonly labels: Uint8Array },
  index: number,
  { values, labels, grid, channels }: Source,
  z: number,
  y: number,
  x: number,
): void {
  const depth = grid[0];
  const height = grid[1];
  const width = grid[2];
  const z0 = Math.floor(z);
  const y0 = Math.floor(y);
  const x0 = Math.floor(x);
  const left = reflect(x0, width) * channels;
  const right = reflect(x0 + 1, width) * channels;
  const far = x - x0;
  const to = index * channels;
  for (let dz = 0; dz <= 1; dz++) {
    const weightZ = dz === 1 ? z - z0 : 1 - (z - z0);
    if (weightZ === 0) continue;
    const plane = reflect(z0 + dz, depth) * height;
    for (let dy = 0; dy <= 1; dy++) {
      const weightY = weightZ * (dy === 1 ? y - y0 : 1 - (y - y0));
      if (weightY === 0) continue;
      const row = (plane + reflect(y0 + dy, height)) * width * channels;
      const nearer = weightY * (1 - far);
      const farther = weightY * far;
      for (let c = 0; c < channels; c++) {
        const sum = Math.fround(into.values[to + c]! + nearer * values[row + left + c]!);
        into.values[to + c] = sum + farther * values[row + right + c]!;
      }
    }
  }
  const nearestRow =
    (reflect(Math.floor(z + 0.5), depth) * height + reflect(Math.floor(y + 0.5), height)) * width;
  into.labels[index] = labels[nearestRow + reflect(Math.floor(x + 0.5), width)]!;
}

/** The same of a plane: sums of four, rounded after each, as an array of 32 bits rounds. */
function samplePlane(
  into: { readonly values: Float32Array; readonly labels: Uint8Array },
  index: number,
  { values, labels, grid, channels }: Source,
  y: number,
  x: number,
): void {
  const height = grid[1];
  const width = grid[2];
  const y0 = Math.floor(y);
  const x0 = Math.floor(x);
  const isInside = y0 >= 0 && y0 + 1 < height && x0 >= 0 && x0 + 1 < width;
  const left = isInside ? x0 : reflect(x0, width);
  const right = isInside ? x0 + 1 : reflect(x0 + 1, width);
  const above = (isInside ? y0 : reflect(y0, height)) * width;
  const below = (isInside ? y0 + 1 : reflect(y0 + 1, height)) * width;
  const down = y - y0;
  const far = x - x0;
  const [a, b] = [(1 - down) * (1 - far), (1 - down) * far];
  const [c, d] = [down * (1 - far), down * far];
  const to = index * channels;
  for (let channel = 0; channel < channels; channel++) {
    let sum = Math.fround(a * values[(above + left) * channels + channel]!);
    sum = Math.fround(sum + b * values[(above + right) * channels + channel]!);
    if (down !== 0) {
      sum = Math.fround(sum + c * values[(below + left) * channels + channel]!);
      sum += d * values[(below + right) * channels + channel]!;
    }
    into.values[to + channel] = sum;
  }
  const row = y - y0 < 0.5 ? above : below;
  into.labels[index] = labels[row + (far < 0.5 ? left : right)]!;
}

function reflect(i: number, n: number): number {
  if (i >= 0 && i < n) return i;
  const within = ((i % (2 * n)) + 2 * n) % (2 * n);
  return within < n ? within : 2 * n - 1 - within;
}
