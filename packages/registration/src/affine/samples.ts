import { Rng } from '@sshn/core';
import { type AffineMatrix, composeAffine } from './matrix.js';

/** A grey image on a grid, and where its voxels lie. Two dimensions are three with one slice. */
export interface GridImage {
  readonly values: Float32Array;
  /** `[depth, height, width]` */
  readonly size: readonly [number, number, number];
  /** From voxels to millimeters, 3×4. */
  readonly toWorld: AffineMatrix;
}

/** Places of the fixed image in mm, with its values there; groups of neighbors lie one after the other. */
export interface Samples {
  /** x, y, z of each place. */
  readonly places: Float64Array;
  readonly values: Float32Array;
  /** Places in a group: 1, a window, or a voxel and its next neighbors. */
  readonly group: number;
}

/** The length of a voxel's edge along each axis, in mm. */
export function edgesOf(toWorld: AffineMatrix): number[] {
  return [0, 1, 2].map((axis) => Math.hypot(...toWorld.map((row) => row[axis]!)));
}

/** An image in coarser voxels, each the mean of a block, near `edgeMm` long along every axis and never finer than they are. */
export function coarser(image: GridImage, edgeMm: number): GridImage {
  const edges = edgesOf(image.toWorld);
  const block = image.size.map((n, axis) => Math.min(n, Math.max(1, Math.round(edgeMm / edges[axis]!)))) as [
    number,
    number,
    number,
  ];
  if (block.every((n) => n === 1)) return image;
  const size = image.size.map((n, axis) => Math.max(1, Math.floor(n / block[axis]!))) as [
    number,
    number,
    number,
  ];
  const [depth, height, width] = image.size;
  const values = new Float32Array(size[0] * size[1] * size[2]);
  const share = 1 / (block[0] * block[1] * block[2]);
  for (let z = 0; z < Math.min(depth, size[0] * block[0]); z++) {
    for (let y = 0; y < Math.min(height, size[1] * block[1]); y++) {
      const from = (z * height + y) * width;
      const to = (Math.floor(z / block[0]) * size[1] + Math.floor(y / block[1])) * size[2];
      for (let x = 0; x < Math.min(width, size[2] * block[2]); x++)
        values[to + Math.floor(x / block[2])]! += image.values[from + x]! * share;
    }
  }
  const toFine = [0, 1, 2].map((axis) => [
    ...[0, 1, 2].map((other) => (other === axis ? block[axis]! : 0)),
    (block[axis]! - 1) / 2,
  ]);
  return { values, size, toWorld: composeAffine(image.toWorld, toFine) };
}

/** The weighted middle of an image in mm, its least intensity weighing nothing; its geometric middle where it is flat. */
export function centerOfMass({ values, size, toWorld }: GridImage): number[] {
  const [depth, height, width] = size;
  const least = values.reduce((least, value) => Math.min(least, value), Infinity);
  let [total, sumZ, sumY, sumX] = [0, 0, 0, 0];
  for (let z = 0, i = 0; z < depth; z++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++, i++) {
        const weight = values[i]! - least;
        total += weight;
        sumZ += weight * z;
        sumY += weight * y;
        sumX += weight * x;
      }
  const voxel = total > 0 ? [sumZ / total, sumY / total, sumX / total] : size.map((n) => (n - 1) / 2);
  return placeOf(toWorld, voxel);
}

/** Where a voxel lies. */
export function placeOf(matrix: AffineMatrix, voxel: readonly number[]): number[] {
  return matrix.map((row) => voxel.reduce((sum, at, axis) => sum + row[axis]! * at, row[voxel.length]!));
}

/** Share of the samples that are drawn from structure; the others come from anywhere, so that empty places count too. */
const fromStructure = 0.75;
/** A difference between neighbors that is structure, as a share of the image's range. */
const leastStep = 0.02;

/**
 * Voxels of an image drawn without a second look, most of them where intensities change; each with its group around it.
 *
 * @param offsets The places of a group, in voxels from the one that is drawn; the first is `[0, 0, 0]`.
 */
export function drawSamples(
  image: GridImage,
  count: number,
  offsets: readonly (readonly [number, number, number])[],
): Samples {
  const { values, size, toWorld } = image;
  const [, height, width] = size;
  const fits = voxelsWithRoom(size, offsets);
  const step = leastStep * rangeOf(values);
  const structured = fits.filter((i) => hasStructure(image, i, step));
  const rng = Rng.fromSeed(1);
  const some = Math.min(structured.length, Math.round(count * fromStructure));
  const centers = [...pick(structured, some, rng), ...pick(fits, Math.min(fits.length, count - some), rng)];
  const places = new Float64Array(3 * centers.length * offsets.length);
  const found = new Float32Array(centers.length * offsets.length);
  let at = 0;
  for (const center of centers) {
    const [z, y, x] = [
      Math.floor(center / (height * width)),
      Math.floor(center / width) % height,
      center % width,
    ];
    for (const [dz, dy, dx] of offsets) {
      places.set(placeOf(toWorld, [z + dz, y + dy, x + dx]), 3 * at);
      found[at++] = values[center + (dz * height + dy) * width + dx]!;
    }
  }
  return { places, values: found, group: offsets.length };
}

/** All of a list, or as many of it, each at most once. */
function pick(list: Uint32Array, count: number, rng: Rng): Uint32Array {
  if (count >= list.length) return list;
  const left = list.slice();
  for (let i = 0; i < count; i++) {
    const other = i + Math.floor(rng.uniform(0, left.length - i));
    [left[i], left[other]] = [left[other]!, left[i]!];
  }
  return left.subarray(0, count);
}

function voxelsWithRoom(
  size: readonly [number, number, number],
  offsets: readonly (readonly [number, number, number])[],
): Uint32Array {
  const least = [0, 1, 2].map((axis) => -Math.min(...offsets.map((offset) => offset[axis]!)));
  const most = [0, 1, 2].map((axis) => size[axis]! - 1 - Math.max(...offsets.map((offset) => offset[axis]!)));
  const found: number[] = [];
  for (let z = least[0]!; z <= most[0]!; z++)
    for (let y = least[1]!; y <= most[1]!; y++)
      for (let x = least[2]!; x <= most[2]!; x++) found.push((z * size[1] + y) * size[2] + x);
  return Uint32Array.from(found);
}

/** What an image's largest and least values differ by. */
function rangeOf(values: Float32Array): number {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return high - low;
}

/** Whether a voxel differs from a next neighbor by more than a step. */
function hasStructure({ values, size: [depth, height, width] }: GridImage, i: number, step: number): boolean {
  const [z, y, x] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
  const differs = (isThere: boolean, other: number) =>
    isThere && Math.abs(values[other]! - values[i]!) > step;
  return (
    differs(z > 0, i - height * width) ||
    differs(z < depth - 1, i + height * width) ||
    differs(y > 0, i - width) ||
    differs(y < height - 1, i + width) ||
    differs(x > 0, i - 1) ||
    differs(x < width - 1, i + 1)
  );
}

/**
 * The values of an image at places, linearly between voxels, and how far inside of it each lies: 1 within the centers of
 * its border voxels, falling to 0 one voxel further out.
 *
 * @param matrix From the places' millimeters to the image's voxels, 3×4.
 */
export function readAt(
  { values, size: [depth, height, width] }: GridImage,
  matrix: AffineMatrix,
  places: Float64Array,
  into: Float32Array,
  weights: Float32Array,
): void {
  const [[a, b, c, d], [e, f, g, h], [k, l, m, n]] = matrix as unknown as [Row, Row, Row];
  const [stepZ, stepY] = [height * width, width];
  for (let i = 0, at = 0; i < into.length; i++, at += 3) {
    const [p, q, r] = [places[at]!, places[at + 1]!, places[at + 2]!];
    let z = a * p + b * q + c * r + d;
    let y = e * p + f * q + g * r + h;
    let x = k * p + l * q + m * r + n;
    const weight = inside(z, depth) * inside(y, height) * inside(x, width);
    weights[i] = weight;
    if (weight === 0) {
      into[i] = 0;
      continue;
    }
    z = Math.min(Math.max(z, 0), depth - 1);
    y = Math.min(Math.max(y, 0), height - 1);
    x = Math.min(Math.max(x, 0), width - 1);
    const [z0, y0, x0] = [Math.floor(z), Math.floor(y), Math.floor(x)];
    const [u, v, w] = [z - z0, y - y0, x - x0];
    const first = z0 * stepZ + y0 * stepY + x0;
    const toX = x0 + 1 < width ? 1 : 0;
    const toY = y0 + 1 < height ? stepY : 0;
    const toZ = z0 + 1 < depth ? stepZ : 0;
    const near = lineAt(values, first, toX, toY, w, v);
    into[i] = u === 0 ? near : near + u * (lineAt(values, first + toZ, toX, toY, w, v) - near);
  }
}

type Row = readonly [number, number, number, number];

function lineAt(values: Float32Array, at: number, toX: number, toY: number, w: number, v: number): number {
  const upper = values[at]! + w * (values[at + toX]! - values[at]!);
  const lower = values[at + toY]! + w * (values[at + toY + toX]! - values[at + toY]!);
  return upper + v * (lower - upper);
}

function inside(at: number, length: number): number {
  return Math.min(1, Math.max(0, 1 + at), Math.max(0, length - at));
}
