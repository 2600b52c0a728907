import { FileError } from '@sshn/core';
import { type Affine, type Grid, resampleOnto, type Volume } from '@sshn/data';
import {
  type AffineMatrix,
  type AffineRegistrationOptions,
  composeAffine,
  type ImageArray,
  invertAffine,
  registerAffine,
} from '@sshn/registration';
import type { FieldMm } from './field.js';
import type { Picture } from './picture.js';
import { requireSameKind } from './same-space.js';

/** How pictures are aligned: as `registerAffine`, which finds their places from their affines. */
export type AlignOptions = Omit<AffineRegistrationOptions, 'movingToWorld' | 'fixedToWorld'>;

/** An affine alignment of two pictures. */
export interface Alignment {
  /** The moving picture as it was, with the place in space that aligns it: no voxel was interpolated. */
  readonly moving: Picture;
  /** From millimeters of the fixed picture to millimeters of the moving one, 3×4, both toward right, front and top. */
  readonly matrixMm: AffineMatrix;
  /** How unlike the two were and are; comparable to each other alone. */
  readonly lossBefore: number;
  readonly lossAfter: number;
}

/**
 * Aligns a moving picture with a fixed one by a rigid, similarity or affine map. Their grids may differ.
 *
 * Channels are averaged. `registerPair` of the result and the fixed picture goes on from there; `afterAlignment` makes one
 * field of both.
 *
 * @throws {FileError} if the pictures differ in kind or in channels.
 * @example
 * const aligned = await alignPicture(moving, fixed, { kind: 'rigid', similarity: 'mutualInformation' });
 * const { field } = await registerPair(aligned.moving, fixed, { model, objective, preprocessing, steps: 0 });
 * const whole = afterAlignment(field, aligned.matrixMm);
 */
export async function alignPicture(
  moving: Picture,
  fixed: Picture,
  options: AlignOptions = {},
): Promise<Alignment> {
  requireSameKind(fixed, moving);
  const isVolume = fixed.format === 'volume';
  const { matrixMm, lossBefore, lossAfter } = await registerAffine(
    arrayOf(moving, isVolume),
    arrayOf(fixed, isVolume),
    {
      ...options,
      movingToWorld: toWorldOf(moving.channels[0], isVolume),
      fixedToWorld: toWorldOf(fixed.channels[0], isVolume),
    },
  );
  const inSpace = isVolume ? matrixMm : ofPlane(matrixMm);
  const affine = composeAffine(invertAffine(inSpace), moving.channels[0].affine) as unknown as Affine;
  const [first, ...more] = moving.channels.map((channel) => ({ ...channel, affine }));
  return {
    moving: { ...moving, channels: [first!, ...more] },
    matrixMm: inSpace,
    lossBefore,
    lossAfter,
  };
}

/** One displacement for an alignment and the field that was found after it: `x → A (x + field(x)) − x`, in mm. */
export function afterAlignment(field: FieldMm, matrixMm: AffineMatrix): FieldMm {
  const { grid, displacementMm } = field;
  const [right, front, top] = displacementMm;
  const whole = displacementMm.map((values) => new Float32Array(values.length));
  const [, height, width] = grid.shape;
  for (let i = 0; i < right.length; i++) {
    const voxel = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
    const place = grid.affine.map(
      (row) => row[0] * voxel[0]! + row[1] * voxel[1]! + row[2] * voxel[2]! + row[3],
    );
    const moved = [place[0]! + right[i]!, place[1]! + front[i]!, place[2]! + top[i]!];
    for (const [axis, [a, b, c, t]] of (matrixMm as unknown as Affine).entries())
      whole[axis]![i] = a * moved[0]! + b * moved[1]! + c * moved[2]! + t - place[axis]!;
  }
  const [x, y, z] = whole;
  return { grid, displacementMm: [x!, y!, z!] };
}

/**
 * Share of a grid's voxels, displaced by a field where there is one, that lie inside of a picture, in [0, 1].
 */
export function coverageOf(moving: Picture, grid: Grid, displacementMm?: FieldMm['displacementMm']): number {
  const { data, ...place } = moving.channels[0];
  const there: Volume = { ...place, data: new Uint8Array(data.length).fill(1) };
  const found = resampleOnto(there, grid, {
    interpolation: 'nearest',
    ...(displacementMm === undefined ? {} : { displacementMm }),
  });
  let covered = 0;
  for (const value of found.data) covered += value;
  return covered / found.data.length;
}

/** @throws {FileError} if a picture covers nothing of what it is aligned with. */
export function requireCoverage(moving: Picture, onto: string, coverage: number): void {
  if (coverage > 0) return;
  throw new FileError({
    path: moving.path,
    problem: `does not overlap with ${onto}: by their affines they lie in different places`,
    remedy: 'Check the origins in both headers, or align them first: sshn register --affine rigid.',
  });
}

/** The mean of a picture's channels. */
function arrayOf({ channels }: Picture, isVolume: boolean): ImageArray {
  const { shape, data } = channels[0];
  const size = isVolume ? shape : shape.slice(1);
  if (channels.length === 1) return { values: Float32Array.from(data), size };
  const values = new Float32Array(data.length);
  for (const channel of channels)
    for (let i = 0; i < values.length; i++) values[i]! += channel.data[i]! / channels.length;
  return { values, size };
}

/** From voxels to mm: of raster images rows and columns to y and x. */
function toWorldOf({ affine }: Grid, isVolume: boolean): AffineMatrix {
  return isVolume ? affine : [affine[1].slice(1), affine[0].slice(1)];
}

/** A map of y and x as one of x, y and z that leaves z. */
function ofPlane([ofY, ofX]: AffineMatrix): AffineMatrix {
  const [[yy, yx, yt], [xy, xx, xt]] = [ofY, ofX] as unknown as [Triple, Triple];
  return [
    [xx, xy, 0, xt],
    [yx, yy, 0, yt],
    [0, 0, 1, 0],
  ];
}

type Triple = readonly [number, number, number];
