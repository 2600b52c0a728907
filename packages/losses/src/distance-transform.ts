import { requireIntegers, ValueError } from '@sshn/core';

/** A regular grid of pixels or voxels. */
export interface Grid {
  /** Pixels along each axis, the last one the fastest: `[height, width]`, `[depth, height, width]`. */
  readonly shape: readonly number[];
  /** Distance of neighbors along each axis, in mm. @default 1 each: distances are in voxels then */
  readonly spacingMm?: readonly number[];
}

/**
 * The number of voxels of a grid.
 *
 * @throws {ValueError} if a length is no positive integer, or the spacing does not fit.
 */
export function checkGrid(where: string, { shape, spacingMm }: Grid): number {
  requireIntegers(where, Object.fromEntries(shape.map((length, axis) => [`shape[${axis}]`, length])));
  const isSpacing = spacingMm?.every((step) => step > 0 && step < Infinity) ?? true;
  if (!isSpacing || (spacingMm ?? shape).length !== shape.length) {
    throw new ValueError({
      where: `${where}: spacingMm`,
      got: spacingMm,
      expected: `${shape.length} positive numbers of mm, one for each axis of shape [${shape.join(', ')}]`,
    });
  }
  return shape.reduce((product, length) => product * length, 1);
}

/** How far apart neighbors along each axis are in a flat array. */
export function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
}

/** The spacing of a grid; 1 each where it is not given. */
export function spacingOf({ shape, spacingMm }: Grid): readonly number[] {
  return spacingMm ?? shape.map(() => 1);
}

/** @throws {ValueError} if an array has not one entry for each voxel. */
export function requireVoxels(where: string, values: ArrayLike<unknown>, grid: Grid, voxels: number): void {
  if (values.length === voxels) return;
  throw new ValueError({
    where,
    got: values.length,
    expected: `${voxels} entries for shape [${grid.shape.join(', ')}]`,
  });
}

/** Memory that the lines of one axis share. */
export interface EnvelopeBuffers {
  readonly line: Float64Array;
  readonly apexes: Int32Array;
  readonly starts: Float64Array;
}

export function envelopeBuffers(length: number): EnvelopeBuffers {
  return {
    line: new Float64Array(length),
    apexes: new Int32Array(length),
    starts: new Float64Array(length),
  };
}

/**
 * One line of squared distances, in place: `out(x) = min_q (s (x − q))² + in(q)`, by the lower envelope of the parabolas,
 * linear in the length of the line.
 *
 * @param values Holds the line from `first` on, as long as the buffers are.
 * @param step `s`, the distance of neighbors on the line.
 *
 * *Source*: Felzenszwalb & Huttenlocher, "Distance transforms of sampled functions" (2012), algorithm 1.
 */
export function lowerEnvelope(
  values: Float64Array,
  first: number,
  step: number,
  { line, apexes, starts }: EnvelopeBuffers,
): void {
  const length = line.length;
  const scale = step * step;
  let count = 0;
  for (let q = 0; q < length; q++) {
    const height = values[first + q]!;
    line[q] = height;
    // A parabola at infinity is nowhere the lowest.
    if (height === Infinity) continue;
    let start = -Infinity;
    while (count > 0) {
      const apex = apexes[count - 1]!;
      start = (q + apex) / 2 + (height - line[apex]!) / (2 * scale * (q - apex));
      if (start > starts[count - 1]!) break;
      count--;
      start = -Infinity;
    }
    apexes[count] = q;
    starts[count] = start;
    count++;
  }
  if (count === 0) return;
  for (let x = 0, k = 0; x < length; x++) {
    while (k + 1 < count && starts[k + 1]! < x) k++;
    const apex = apexes[k]!;
    values[first + x] = scale * (x - apex) * (x - apex) + line[apex]!;
  }
}

/**
 * The exact Euclidean distance of each voxel's center to that of the nearest site, in any number of dimensions, in time
 * linear in the number of voxels.
 *
 * `d(x) = min_q √Σ_axes (s_a (x_a − q_a))²` over sites q: 0 at a site; Infinity everywhere if there is no site.
 *
 * SciPy's `distance_transform_edt` measures to the nearest zero instead: give it the complement.
 *
 * @param sites One entry for each voxel of the grid, the last axis the fastest: sites are those that are not 0.
 * @returns Distances in mm, in voxels without a spacing; float64.
 * @throws {ValueError} if sizes and spacing do not fit together.
 * @example
 * distanceTransform(Uint8Array.of(1, 0, 0), { shape: [1, 3], spacingMm: [1, 0.5] });   // [0, 0.5, 1]
 *
 * *Source*: Felzenszwalb & Huttenlocher, "Distance transforms of sampled functions" (2012): one axis after the other.
 */
export function distanceTransform(sites: ArrayLike<number>, grid: Grid): Float64Array {
  const distances = squaredDistances(sites, grid);
  for (let i = 0; i < distances.length; i++) distances[i] = Math.sqrt(distances[i]!);
  return distances;
}

/** The squares of `distanceTransform`; exact integers without a spacing. */
export function squaredDistances(sites: ArrayLike<number>, grid: Grid): Float64Array {
  const voxels = checkGrid('distanceTransform', grid);
  requireVoxels('distanceTransform: sites', sites, grid, voxels);
  const squares = new Float64Array(voxels);
  for (let i = 0; i < voxels; i++) squares[i] = sites[i] ? 0 : Infinity;
  const strides = stridesOf(grid.shape);
  const spacing = spacingOf(grid);
  grid.shape.forEach((length, axis) => {
    const stride = strides[axis]!;
    for (let block = 0; block < voxels; block += stride * length) {
      alongAxis(squares, { block, stride, length }, spacing[axis]!);
    }
  });
  return squares;
}

/** Lines that are moved together: as many float64 as a few cache lines hold. */
const linesAtOnce = 16;

/** All lines of a block of `length` slabs of `stride` entries: one line per entry of a slab. */
function alongAxis(
  squares: Float64Array,
  { block, stride, length }: { readonly block: number; readonly stride: number; readonly length: number },
  step: number,
): void {
  const buffers = envelopeBuffers(length);
  const lines = new Float64Array(Math.min(linesAtOnce, stride) * length);
  for (let first = 0; first < stride; first += linesAtOnce) {
    const count = Math.min(linesAtOnce, stride - first);
    // Neighbors in memory belong to different lines: fetched together, they are fetched once.
    for (let i = 0; i < length; i++) {
      const from = block + i * stride + first;
      for (let line = 0; line < count; line++) lines[line * length + i] = squares[from + line]!;
    }
    for (let line = 0; line < count; line++) lowerEnvelope(lines, line * length, step, buffers);
    for (let i = 0; i < length; i++) {
      const to = block + i * stride + first;
      for (let line = 0; line < count; line++) squares[to + line] = lines[line * length + i]!;
    }
  }
}
