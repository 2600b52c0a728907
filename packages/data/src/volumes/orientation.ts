import { ValueError } from '@sshn/core';
import {
  type Affine,
  mapRows,
  movedAffine,
  spacingOf,
  type Triple,
  type Volume,
  type VoxelData,
} from './volume.js';

/** Toward which side each world axis grows, and the other way. */
const letters = [
  ['R', 'L'],
  ['A', 'P'],
  ['S', 'I'],
] as const;

/** One axis of an array in the body: along which world axis (0 right, 1 front, 2 top), and whether against it. */
interface Direction {
  readonly world: number;
  readonly isFlipped: boolean;
}

const permutations = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

/**
 * Where the axes of a volume point, as NIfTI tools write it: one letter each for width, height and depth (in this order),
 * R or L, A or P, S or I, the side toward which the index grows. 'RAS' is canonical.
 *
 * Of an oblique volume, the assignment of axes whose directions are nearest, in the sum of cosines.
 *
 * @example
 * orientationOf(volumeOf(data, [64, 128, 128]));   // 'RAS'
 */
export function orientationOf({ affine }: Pick<Volume, 'affine'>): string {
  return directionsOf(affine)
    .map(({ world, isFlipped }) => letters[world]![isFlipped ? 1 : 0])
    .reverse()
    .join('');
}

/**
 * Permutes and flips the axes of a volume so that they point as asked; every voxel keeps its value and its place in the
 * body. Going to another orientation and back is exact.
 *
 * @param orientation Three letters for width, height and depth; see `orientationOf`. @default 'RAS'
 * @throws {ValueError} unless the letters name each of R/L, A/P, S/I once.
 * @returns The volume itself if it is so already.
 * @example
 * const canonical = reorient(volume);
 * const back = reorient(segmented, orientationOf(volume));
 */
export function reorient<Data extends VoxelData>(volume: Volume<Data>, orientation = 'RAS'): Volume<Data> {
  const { steps, start, ...grid } = turn(volume, orientation);
  if (grid.affine === volume.affine) return volume;
  return { data: gather(volume.data, grid.shape, steps, start), ...grid };
}

/** A volume without its voxels: what a file's header says. */
export type Grid = Pick<Volume, 'shape' | 'spacingMm' | 'affine'>;

/** Shape and place that `reorient` gives a volume. @throws {ValueError} as it does. */
export function reorientGrid(grid: Grid, orientation = 'RAS'): Grid {
  const { shape, spacingMm, affine } = turn(grid, orientation);
  return { shape, spacingMm, affine };
}

/** The grid in another orientation, and how to walk through the old array in the order of the new one. */
function turn(grid: Grid, orientation: string): Grid & { readonly steps: Triple; readonly start: number } {
  const { shape, affine, spacingMm } = grid;
  const wanted = parseOrientation(orientation);
  const there = directionsOf(affine);
  const strides = [shape[1] * shape[2], shape[2], 1];
  // For each new axis: the old one along the same world axis, and whether it is walked backward.
  const axes = wanted.map(({ world, isFlipped }) => {
    const from = there.findIndex((direction) => direction.world === world);
    return { from, sign: there[from]!.isFlipped === isFlipped ? 1 : -1 };
  });
  if (axes.every(({ from, sign }, to) => from === to && sign === 1)) {
    return { shape, spacingMm, affine, steps: triple((axis) => strides[axis]!), start: 0 };
  }
  const reversed = axes.filter(({ sign }) => sign === -1);
  const turned = mapRows(affine, (row) => [
    // No negative zeros.
    ...triple((axis) => row[axes[axis]!.from]! * axes[axis]!.sign + 0),
    reversed.reduce((sum, { from }) => sum + row[from]! * (shape[from]! - 1), row[3]),
  ]);
  return {
    shape: triple((axis) => shape[axes[axis]!.from]!),
    spacingMm: triple((axis) => spacingMm[axes[axis]!.from]!),
    affine: turned,
    steps: triple((axis) => strides[axes[axis]!.from]! * axes[axis]!.sign),
    start: reversed.reduce((sum, { from }) => sum + (shape[from]! - 1) * strides[from]!, 0),
  };
}

function gather<Data extends VoxelData>(data: Data, shape: Triple, steps: Triple, start: number): Data {
  const result = data.slice() as Data;
  let to = 0;
  for (let d = 0; d < shape[0]; d++) {
    for (let h = 0; h < shape[1]; h++) {
      let from = start + d * steps[0] + h * steps[1];
      for (let w = 0; w < shape[2]; w++, from += steps[2]) result[to++] = data[from]!;
    }
  }
  return result;
}

/** Of depth, height and width. */
function directionsOf(affine: Affine): Direction[] {
  const spacing = spacingOf(affine);
  const cosine = (world: number, axis: number): number => affine[world]![axis]! / spacing[axis]!;
  const fit = (worlds: readonly number[]): number =>
    worlds.reduce((sum, world, axis) => sum + Math.abs(cosine(world, axis)), 0);
  const best = permutations.reduce((a, b) => (fit(b) > fit(a) + 1e-9 ? b : a));
  return best.map((world, axis) => ({ world, isFlipped: cosine(world, axis) < 0 }));
}

function parseOrientation(text: string): Direction[] {
  const directions = [...text.toUpperCase()].map((letter) => {
    const world = letters.findIndex((pair) => pair.some((one) => one === letter));
    return { world, isFlipped: letters[world]?.[1] === letter };
  });
  const worlds = directions.map(({ world }) => world);
  if (worlds.length !== 3 || ![0, 1, 2].every((world) => worlds.includes(world))) {
    throw new ValueError({
      where: 'orientation',
      got: text,
      expected: "one letter each of R or L, A or P, S or I, such as 'RAS'",
    });
  }
  return directions.reverse();
}

function triple(of: (axis: number) => number): Triple {
  return [of(0), of(1), of(2)];
}

/** Cuts through the body. */
export const sliceAxes = ['sagittal', 'coronal', 'axial'] as const;
export type SliceAxis = (typeof sliceAxes)[number];

/** Slices lie along depth, upright: rows run from the top of the head down, in axial slices from the front back. */
const orientations: Readonly<Record<SliceAxis, string>> = { sagittal: 'AIR', coronal: 'RIA', axial: 'RPS' };

/**
 * The orientation in which `reorient` lays slices of one kind along depth, ready for `sliceOf`: from left to right
 * (sagittal), back to front (coronal) or bottom to top (axial), each upright, the right of the body (in sagittal slices the
 * front) in the last column.
 *
 * @returns 'RAS', the canonical one, without an axis.
 * @example
 * const slice = sliceOf(reorient(volume, orientationOfSlices('coronal')), 96);
 */
export function orientationOfSlices(axis: SliceAxis | undefined): string {
  return axis === undefined ? 'RAS' : orientations[axis];
}

/**
 * The slice at one index of depth, a volume of depth 1 at its place in the body; shares memory with the whole.
 *
 * @throws {ValueError} if there is no such slice.
 */
export function sliceOf<Data extends VoxelData>(volume: Volume<Data>, index: number): Volume<Data> {
  const { data, shape, spacingMm, affine } = volume;
  const [depth, height, width] = shape;
  if (!(Number.isInteger(index) && index >= 0 && index < depth)) {
    throw new ValueError({ where: 'sliceOf: index', got: index, expected: `from 0 to ${depth - 1}` });
  }
  const plane = data.subarray(index * height * width, (index + 1) * height * width) as Data;
  return {
    data: plane,
    shape: [1, height, width],
    spacingMm,
    affine: movedAffine(affine, [1, 1, 1], [index, 0, 0]),
  };
}
