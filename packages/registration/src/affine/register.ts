import { requireOption, ShapeError, ValueError } from '@sshn/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { similarityNames } from '../objective/objective.js';
import { AffineSearch } from './coarse-to-fine.js';
import { type AffineMatrix, composeAffine, invertAffine, requireAffine } from './matrix.js';
import { type AffineRegistrationOptions, affineKinds } from './options.js';
import type { GridImage } from './samples.js';

export {
  type AffineKind,
  type AffineProgress,
  type AffineRegistrationOptions,
  affineKinds,
} from './options.js';

/** Intensities in memory order, the last axis of `size` the fastest. */
export interface ImageArray {
  readonly values: ArrayLike<number>;
  /** `[height, width]` or `[depth, height, width]`. */
  readonly size: readonly number[];
}

/** An affine map that aligns two images. */
export interface AffineRegistration {
  /** From voxels of the fixed image to voxels of the moving one, as `affineField` and `resampleAffine` take it. */
  readonly matrix: number[][];
  /** The same from millimeters to millimeters. */
  readonly matrixMm: number[][];
  /** How unlike the images are where their millimeters agree, and by the result; comparable to each other alone. */
  readonly lossBefore: number;
  readonly lossAfter: number;
  /** Share of the fixed grid that the moving image covers then, in [0, 1]. */
  readonly coverage: number;
}

/**
 * Aligns two images by a rigid, similarity or affine map: image-based, coarse to fine.
 *
 * Begins where the images' millimeters agree, where their centers of mass do and where their middles do, each with many
 * rotations and scales; the best go on to finer voxels, where Powell's method searches all parameters. Losses are measured
 * on places drawn from the fixed image, most of them where it has structure. Deterministic: the draw is seeded.
 *
 * Images may differ in size, spacing and orientation. Intensities may have any unit; `'mse'` wants one unit in both.
 *
 * @param moving A tensor `[1, ...spatial, 1]` of one channel, or an array with its size. @param fixed As well.
 * @throws {ShapeError} if an image or matrix has another shape, or the ranks differ.
 * @throws {ValueError} if an intensity is not finite, a matrix is singular or a number makes no sense.
 * @throws {OptionError} if a word is none of its list.
 * @example
 * const { matrix } = await registerAffine(moving, fixed, { kind: 'rigid', similarity: 'mutualInformation' });
 * const aligned = resampleAffine(moving, matrix, [160, 192, 224]);
 *
 * *Source*: Jenkinson & Smith, "A global optimisation method for robust affine registration of brain images" (2001), for
 * the order of the search; Studholme et al., "An overlap invariant entropy measure of 3D medical image alignment" (1999).
 */
export async function registerAffine(
  moving: Tensor | ImageArray,
  fixed: Tensor | ImageArray,
  options: AffineRegistrationOptions = {},
): Promise<AffineRegistration> {
  const { kind = 'affine', similarity = 'globalNcc', searchDegrees = 40, samples = 20_000 } = options;
  requireOption('kind', kind, affineKinds);
  requireOption('similarity', similarity, similarityNames);
  requireNumber('searchDegrees', searchDegrees, 0, 180);
  requireNumber('samples', samples, 100, 1e7);
  const [movingArray, fixedArray] = [await arrayOf('moving', moving), await arrayOf('fixed', fixed)];
  const rank = fixedArray.size.length;
  if (movingArray.size.length !== rank) {
    throw new ShapeError({
      where: 'registerAffine: moving image',
      got: movingArray.size,
      expected: `${rank} axes, as the fixed image`,
    });
  }
  const images = {
    moving: gridOf('moving', movingArray, options.movingToWorld),
    fixed: gridOf('fixed', fixedArray, options.fixedToWorld),
  };
  const search = new AffineSearch(
    images,
    { rank: rank as 2 | 3, kind, similarity, searchDegrees, samples },
    options,
  );
  const { parameters, lossBefore, lossAfter } = await search.run();
  const matrixMm = search.map(parameters);
  const whole = composeAffine(
    invertAffine(images.moving.toWorld),
    composeAffine(matrixMm, images.fixed.toWorld),
  );
  const matrix = ofRank(whole, rank);
  return {
    matrix,
    matrixMm: ofRank(matrixMm, rank),
    lossBefore,
    lossAfter,
    coverage: affineCoverage(matrix, { fixedSize: fixedArray.size, movingSize: movingArray.size }),
  };
}

/**
 * Share of a fixed grid's voxels that an affine map takes to places inside of a moving image, up to half a voxel beyond the
 * centers of its border voxels; 0 where the two do not overlap.
 *
 * @param matrix From voxels of the fixed grid to voxels of the moving image.
 * @throws {ShapeError} if matrix and sizes do not fit each other. @throws {ValueError} if an entry is not finite.
 * @example
 * affineCoverage([[1, 0, 5], [0, 1, 0]], { fixedSize: [10, 10], movingSize: [10, 10] });   // 0.5
 */
export function affineCoverage(
  matrix: AffineMatrix,
  {
    fixedSize,
    movingSize,
  }: { readonly fixedSize: readonly number[]; readonly movingSize: readonly number[] },
): number {
  requireAffine('affineCoverage', matrix);
  const rank = matrix.length;
  for (const size of [fixedSize, movingSize]) {
    if (size.length === rank && size.every((n) => Number.isInteger(n) && n > 0)) continue;
    throw new ShapeError({
      where: 'affineCoverage: size',
      got: size,
      expected: `${rank} lengths of 1 or more`,
    });
  }
  const count = fixedSize.reduce((product, n) => product * n, 1);
  const at = Array<number>(rank).fill(0);
  let covered = 0;
  for (let i = 0; i < count; i++) {
    const isInside = matrix.every((row, axis) => {
      let place = row[rank]!;
      for (let k = 0; k < rank; k++) place += row[k]! * at[k]!;
      return place >= -0.5 && place <= movingSize[axis]! - 0.5;
    });
    if (isInside) covered++;
    for (let axis = rank - 1; axis >= 0 && ++at[axis]! === fixedSize[axis]; axis--) at[axis] = 0;
  }
  return covered / count;
}

/** A 3×4 matrix as one of the images' rank. */
function ofRank(matrix: AffineMatrix, rank: number): number[][] {
  return matrix.slice(3 - rank).map((row) => row.slice(3 - rank));
}

async function arrayOf(name: string, image: Tensor | ImageArray): Promise<ImageArray> {
  if ('values' in image) return image;
  const tensor = image as Tensor;
  if ((tensor.rank !== 4 && tensor.rank !== 5) || tensor.shape[0] !== 1 || tensor.shape.at(-1) !== 1) {
    throw new ShapeError({
      where: `registerAffine: ${name} image`,
      got: tensor.shape,
      expected: '[1, height, width, 1] or [1, depth, height, width, 1]: one image of one channel',
    });
  }
  return { values: await tensor.data(), size: tensor.shape.slice(1, -1) };
}

function gridOf(name: string, { values, size }: ImageArray, toWorld: AffineMatrix | undefined): GridImage {
  const where = `registerAffine: ${name} image`;
  const rank = size.length;
  const count = size.reduce((product, n) => product * n, 1);
  if (
    (rank !== 2 && rank !== 3) ||
    !size.every((n) => Number.isInteger(n) && n > 0) ||
    values.length !== count
  ) {
    throw new ShapeError({
      where,
      got: size,
      expected: `[height, width] or [depth, height, width] of ${values.length} values`,
    });
  }
  const kept = values instanceof Float32Array ? values : Float32Array.from(values);
  const odd = kept.findIndex((value) => !Number.isFinite(value));
  if (odd >= 0) {
    throw new ValueError({
      where,
      got: kept[odd],
      expected: 'finite intensities',
      hint: 'Replace what is not a number, by 0 for instance.',
    });
  }
  const world = toWorld ?? size.map((_, axis) => [...size.map((__, k) => (k === axis ? 1 : 0)), 0]);
  requireAffine(`registerAffine: ${name}ToWorld`, world);
  if (world.length !== rank) {
    throw new ShapeError({
      where: `registerAffine: ${name}ToWorld`,
      got: [world.length, world.length + 1],
      expected: `[${rank}, ${rank + 1}], as the image has ${rank} axes`,
    });
  }
  // Throws where it is singular.
  invertAffine(world);
  const whole = rank === 3 ? world : [[1, 0, 0, 0], ...world.map((row) => [0, ...row])];
  return {
    values: kept,
    size: (rank === 3 ? [...size] : [1, ...size]) as [number, number, number],
    toWorld: whole,
  };
}

function requireNumber(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new ValueError({
    where: `registerAffine: ${name}`,
    got: value,
    expected: `a number from ${least} to ${most}`,
  });
}
