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
  const missing = 3 - rank;
  const rowOf = (a: number): Triple => {
    const [z = 0, y = 0, x = 0] = [0, 1, 2].map((b) => rows[a - missing]?.[b - missing] ?? 0);
    return [z, y, x];
  };
  const [ofZ, ofY, ofX] = [rowOf(0), rowOf(1), rowOf(2)];
  const [bendZ, bendY, bendX] = [...Array<undefined>(missing).fill(undefined), ...(bend ?? [])];
  const from = { values: image.values, labels: labels.values, grid, channels };
  const to = { values: new Float32Array(image.values.length), labels: new Uint8Array(labels.values.length) };
  const [depth, height, width] = grid;
  // Where the pixels of one row look. 64 bits, as a place decides which pixel is the nearest.
  const places = { z: new Float64Array(width), y: new Float64Array(width), x: new Float64Array(width) };
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      const row = (z * height + y) * width;
      const begin = (axis: number, [alongZ, alongY]: Triple): number =>
        center[axis]! + alongZ * (z - center[0]!) + alongY * (y - center[1]!);
      fillRow(places.y, begin(1, ofY), ofY[2], center[2]!, bendY, row);
      fillRow(places.x, begin(2, ofX), ofX[2], center[2]!, bendX, row);
      if (rank === 2) {
        samplePlane(to, row, from, places.y, places.x);
        continue;
      }
      fillRow(places.z, begin(0, ofZ), ofZ[2], center[2]!, bendZ, row);
      sample(to, row, from, places.z, places.y, places.x);
    }
  }
  return { image: { ...image, values: to.values }, labels: { values: to.labels, size } };
}

/** Coordinates of the places that the pixels of a row look at. */
function fillRow(
  places: Float64Array,
  begin: number,
  step: number,
  center: number,
  bend: Float32Array | undefined,
  row: number,
): void {
  for (let x = 0; x < places.length; x++) places[x] = begin + step * (x - center);
  if (bend !== undefined) for (let x = 0; x < places.length; x++) places[x]! += bend[row + x]!;
}

interface Source {
  readonly values: Float32Array;
  readonly labels: Uint8Array;
  readonly grid: Triple;
  readonly channels: number;
}

interface Target {
  readonly values: Float32Array;
  readonly labels: Uint8Array;
}

/**
 * A row of pixels: the eight around each place, by their nearness, and the label of the nearest. Scalars alone, as it runs for each
 * pixel of each image of a training.
 */
function sample(
  { values: to, labels: toLabels }: Target,
  row: number,
  { values, labels, grid, channels }: Source,
  placesZ: Float64Array,
  placesY: Float64Array,
  placesX: Float64Array,
): void {
  const [depth, height, width] = grid;
  const plane = Math.imul(height, width);
  for (let i = 0; i < placesX.length; i++) {
    const z = placesZ[i]!;
    const y = placesY[i]!;
    const x = placesX[i]!;
    const z0 = Math.floor(z) | 0;
    const y0 = Math.floor(y) | 0;
    const x0 = Math.floor(x) | 0;
    const down = z - z0;
    const across = y - y0;
    const far = x - x0;
    const left = reflect(x0, width);
    const right = reflect(x0 + 1, width);
    const above = Math.imul(reflect(y0, height), width);
    const below = Math.imul(reflect(y0 + 1, height), width);
    const front = Math.imul(reflect(z0, depth), plane);
    const back = Math.imul(reflect(z0 + 1, depth), plane);
    const near = 1 - far;
    const d = down * across;
    const c = down - d;
    const b = (1 - down) * across;
    const a = 1 - down - b;
    const atA = Math.imul(front + above, channels);
    const atB = Math.imul(front + below, channels);
    const atC = Math.imul(back + above, channels);
    const atD = Math.imul(back + below, channels);
    let atLeft = Math.imul(left, channels);
    let atRight = Math.imul(right, channels);
    const end = Math.imul(row + i + 1, channels);
    for (let at = (end - channels) | 0; at < end; at++, atLeft++, atRight++) {
      to[at] =
        a * (near * values[atA + atLeft]! + far * values[atA + atRight]!) +
        b * (near * values[atB + atLeft]! + far * values[atB + atRight]!) +
        c * (near * values[atC + atLeft]! + far * values[atC + atRight]!) +
        d * (near * values[atD + atLeft]! + far * values[atD + atRight]!);
    }
    toLabels[row + i] =
      labels[(down < 0.5 ? front : back) + (across < 0.5 ? above : below) + (far < 0.5 ? left : right)]!;
  }
}

/** The same of a row of a plane: the four around each place. */
function samplePlane(
  { values: to, labels: toLabels }: Target,
  row: number,
  { values, labels, grid, channels }: Source,
  placesY: Float64Array,
  placesX: Float64Array,
): void {
  const [, height, width] = grid;
  for (let i = 0; i < placesX.length; i++) {
    const y = placesY[i]!;
    const x = placesX[i]!;
    const y0 = Math.floor(y) | 0;
    const x0 = Math.floor(x) | 0;
    const down = y - y0;
    const far = x - x0;
    const left = reflect(x0, width);
    const right = reflect(x0 + 1, width);
    const above = Math.imul(reflect(y0, height), width);
    const below = Math.imul(reflect(y0 + 1, height), width);
    const b = (1 - down) * far;
    const a = 1 - down - b;
    const d = down * far;
    const c = down - d;
    let atA = Math.imul(above + left, channels);
    let atB = Math.imul(above + right, channels);
    let atC = Math.imul(below + left, channels);
    let atD = Math.imul(below + right, channels);
    const end = Math.imul(row + i + 1, channels);
    for (let at = (end - channels) | 0; at < end; at++) {
      to[at] = a * values[atA++]! + b * values[atB++]! + c * values[atC++]! + d * values[atD++]!;
    }
    toLabels[row + i] = labels[(down < 0.5 ? above : below) + (far < 0.5 ? left : right)]!;
  }
}

/** The pixel of n that a place at or beyond the border shows. */
function reflect(i: number, n: number): number {
  if (i >= 0 && i < n) return i;
  const within = ((i % (2 * n)) + 2 * n) % (2 * n);
  return within < n ? within : 2 * n - 1 - within;
}
