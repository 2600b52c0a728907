import { checkGrid, type Grid, requireVoxels, spacingOf, stridesOf } from './grid.js';
import { envelopeBuffers, lowerEnvelope } from './lower-envelope.js';

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
