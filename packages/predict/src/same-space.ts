import { FileError } from '@sshn/core';
import { type Grid, reorientGrid, volumeOf } from '@sshn/data';
import type { Picture } from './picture.js';

/** How far apart corners may lie, as a share of a voxel's shortest edge. */
const tolerance = 0.5;

/**
 * The moving image in the space of the fixed one: unchanged if both lie on one grid, whatever the order of their axes. If they
 * do not and resampling is allowed, a volume is placed by its affine, and a raster image, which has none, is stretched.
 *
 * @throws {FileError} if the two differ in kind, or on grids and may not be resampled.
 */
export function inSpaceOf(
  fixed: Picture,
  moving: Picture,
  { resample }: { readonly resample: boolean },
): Picture {
  requireSameKind(fixed, moving);
  const difference = differenceOf(moving.channels[0], fixed.channels[0], fixed);
  if (difference === undefined) return moving;
  if (resample) return moving.format === 'volume' ? moving : stretched(moving, fixed);
  throw new FileError({
    path: moving.path,
    problem: difference,
    remedy:
      moving.format === 'volume'
        ? 'With --resample it is resampled onto the grid of the fixed image first, by the affines of both.'
        : 'With --resample it is stretched to the size of the fixed image first.',
  });
}

/** @throws {FileError} if one is a volume and one is not, or they differ in channels. */
export function requireSameKind(fixed: Picture, moving: Picture): void {
  if (moving.format !== fixed.format) {
    throw new FileError({
      path: moving.path,
      problem: `and ${fixed.path} are not of one kind: one is a volume, one is not`,
      remedy: 'Convert one of them.',
    });
  }
  if (moving.channels.length !== fixed.channels.length) {
    throw new FileError({
      path: moving.path,
      problem: `has ${moving.channels.length} channels, and ${fixed.path} has ${fixed.channels.length}`,
      remedy: 'Save both in color, or both in grey.',
    });
  }
}

/**
 * Labels in the space of their image: a volume must lie on its grid, whatever the order of its axes, or anywhere if it may be
 * resampled; raster labels, which have no place of their own, get that of the image.
 *
 * @param options `resample`: whether the user has asked for it; left out where there is no such choice.
 * @throws {FileError} if the labels differ in kind or size from the image, or lie on another grid.
 */
export function labelsInSpaceOf(
  image: Picture,
  labels: Picture,
  { resample }: { readonly resample?: boolean } = {},
): Picture {
  const [channel, map] = [image.channels[0], labels.channels[0]];
  if (labels.format !== image.format || (image.format !== 'volume' && !hasShapeOf(map, channel))) {
    throw new FileError({
      path: labels.path,
      problem: `does not fit the image ${image.path}`,
      remedy: 'Give the labels of that image, of its size and in its kind of file.',
    });
  }
  if (image.format !== 'volume') return { ...labels, channels: [{ ...channel, data: map.data }] };
  const difference = resample ? undefined : differenceOf(map, channel, image);
  if (difference === undefined) return labels;
  throw new FileError({
    path: labels.path,
    problem: difference,
    remedy: `Give the labels of that image, on its grid${resample === undefined ? '' : '; with --resample they are looked up by their place in the body'}.`,
  });
}

function hasShapeOf(a: Grid, b: Grid): boolean {
  return a.shape.join() === b.shape.join();
}

/** In words, how two grids differ; undefined where they do not. */
function differenceOf(moving: Grid, fixed: Grid, { path, format }: Picture): string | undefined {
  const [a, b] = [reorientGrid(moving), reorientGrid(fixed)];
  const unit = format === 'volume' ? 'voxels' : 'pixels';
  const sizeOf = ({ shape }: Grid) => shape.slice(format === 'volume' ? 0 : 1).join('×');
  if (a.shape.join() !== b.shape.join()) {
    return `has ${sizeOf(a)} ${unit}, and ${path} has ${sizeOf(b)}`;
  }
  const mm = ({ spacingMm }: Grid) => spacingMm.map((edge) => Number(edge.toFixed(3))).join('×');
  if (mm(a) !== mm(b)) return `has voxels of ${mm(a)} mm, and ${path} of ${mm(b)} mm`;
  const apart = Math.max(...cornerDistances(a, b));
  if (apart <= tolerance * Math.min(...b.spacingMm)) return undefined;
  return `lies up to ${apart.toFixed(1)} mm away from ${path}`;
}

function cornerDistances(a: Grid, b: Grid): number[] {
  const ends = [0, 1].flatMap((d) => [0, 1].flatMap((h) => [0, 1].map((w) => [d, h, w])));
  return ends.map((end) => {
    const index = [...end.map((side, axis) => side * (a.shape[axis]! - 1)), 1];
    const shift = a.affine.map((row, world) =>
      index.reduce((sum, i, column) => sum + i * (row[column]! - b.affine[world]![column]!), 0),
    );
    return Math.hypot(...shift);
  });
}

/** A raster image whose pixels are as large as it takes to cover the fixed one. */
function stretched(moving: Picture, fixed: Picture): Picture {
  const [, height, width] = moving.channels[0].shape;
  const [, fixedHeight, fixedWidth] = fixed.channels[0].shape;
  const [y, x] = [fixedHeight / height, fixedWidth / width];
  const [first, ...more] = moving.channels.map(({ data, shape }) =>
    volumeOf(data, shape, {
      affine: [
        [0, 0, x, (x - 1) / 2],
        [0, y, 0, (y - 1) / 2],
        [1, 0, 0, 0],
      ],
    }),
  );
  return { ...moving, channels: [first!, ...more] };
}
