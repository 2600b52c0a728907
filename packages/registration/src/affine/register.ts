import { requireOption, ShapeError, ValueError } from '@sshn/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type SimilarityName, similarityNames } from '../objective/objective.js';
import { type AffineMatrix, composeAffine, invertAffine, requireAffine } from './matrix.js';
import { groupOffsets, sampleMeasure } from './measures.js';
import { affineMatrix } from './parameters.js';
import {
  centerOfMass,
  coarser,
  drawSamples,
  edgesOf,
  type GridImage,
  placeOf,
  readAt,
  type Samples,
} from './samples.js';
import { type Cost, type Found, searchMinimum } from './search.js';

/** What an affine registration may change: rotation and translation, one scale too, or everything. */
export const affineKinds = ['rigid', 'similarity', 'affine'] as const;
/** A word for that. */
export type AffineKind = (typeof affineKinds)[number];

/** Intensities in memory order, the last axis of `size` the fastest. */
export interface ImageArray {
  readonly values: ArrayLike<number>;
  /** `[height, width]` or `[depth, height, width]`. */
  readonly size: readonly number[];
}

/** How two images are aligned. */
export interface AffineRegistrationOptions {
  /** @default 'affine' */
  readonly kind?: AffineKind;
  /** What makes images alike; `'mutualInformation'` for two modalities. @default 'globalNcc' */
  readonly similarity?: SimilarityName;
  /** From voxels of the moving image to millimeters, `rank × (rank + 1)`. @default voxels of 1 mm from the origin */
  readonly movingToWorld?: AffineMatrix;
  /** The same of the fixed image. */
  readonly fixedToWorld?: AffineMatrix;
  /** How far to each side rotations are tried to begin with, in degrees, 0 to 180. @default 40 */
  readonly searchDegrees?: number;
  /** Places of the fixed image that the finest level compares, ≥ 100. @default 20000 */
  readonly samples?: number;
  /** Called after every stage of the search. */
  readonly onProgress?: (progress: AffineProgress) => void;
  /** Aborting ends the search soon, with the best that is reached by then. */
  readonly signal?: AbortSignal;
}

/** A stage of the search that is done. */
export interface AffineProgress {
  /** From 1. */
  readonly stage: number;
  readonly stages: number;
  /** Edge of the voxels it worked in, in mm. */
  readonly edgeMm: number;
  /** How unlike the images are now; smaller is more alike. */
  readonly loss: number;
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

interface Settings {
  readonly rank: 2 | 3;
  readonly kind: AffineKind;
  readonly similarity: SimilarityName;
  readonly searchDegrees: number;
  readonly samples: number;
}

/** A resolution: how to read the moving image and what to compare it with. */
interface Level {
  readonly moving: GridImage;
  readonly toVoxels: AffineMatrix;
  readonly samples: Samples;
  readonly measure: ReturnType<typeof sampleMeasure>;
  readonly edgeMm: number;
}

/** A smaller share of samples inside of the moving image costs. */
const leastOverlap = 0.4;
/** What starts are tried: this far apart in degrees, and with these scales. */
const degreesApart = 20;
const startScales = [1, 0.85, 1.15];
/** How many starts go on to a search, and how many of those to finer voxels. */
const [manyStarts, fewStarts] = [6, 3];
/** Voxels along the longest axis of each level, the coarsest first. */
const levelVoxels = [24, 48, 96];

/**
 * Parameters are, all as lengths in mm: translation, rotations, then one log scale, or scales and shears. Turning and
 * stretching count by how far they move a place at the distance of the object's edge, so that a step is a step.
 */
class AffineSearch {
  readonly #images: { readonly moving: GridImage; readonly fixed: GridImage };
  readonly #settings: Settings;
  readonly #options: AffineRegistrationOptions;
  readonly #center: readonly number[];
  readonly #radius: number;
  #lastTurn = performance.now();

  constructor(
    images: { readonly moving: GridImage; readonly fixed: GridImage },
    settings: Settings,
    options: AffineRegistrationOptions,
  ) {
    this.#images = images;
    this.#settings = settings;
    this.#options = options;
    this.#center = centerOfMass(images.fixed);
    const edges = edgesOf(images.fixed.toWorld);
    this.#radius = Math.max(
      edges.reduce((most, edge) => Math.max(most, edge), 0),
      Math.hypot(...images.fixed.size.map((n, axis) => ((n > 1 ? n : 0) * edges[axis]!) / 4)),
    );
  }

  /** The matrix in mm, 3×4, of parameters. */
  map(parameters: readonly number[]): number[][] {
    const { rank } = this.#settings;
    const turns = rank === 2 ? 1 : 3;
    const radius = this.#radius;
    const inPlane = (list: readonly number[]) => (rank === 2 ? [0, ...list] : list);
    const translation = inPlane(parameters.slice(0, rank));
    const angles = parameters.slice(rank, rank + turns).map((length) => length / radius);
    const rest = parameters.slice(rank + turns).map((length) => length / radius);
    const scales = rest.length === 0 ? [0] : rest.slice(0, rest.length === 1 ? 1 : rank);
    const scale = Array.from({ length: rank }, (_, axis) => Math.exp(scales[axis] ?? scales[0]!));
    const shear = rest.length > 1 ? rest.slice(rank) : Array<number>(turns).fill(0);
    const linear = affineMatrix(rank, { rotationRad: angles, scale, shear });
    const rows = linear.map((row) => row.slice(0, rank));
    const whole = rank === 3 ? rows : [[1, 0, 0], ...rows.map((row) => [0, ...row])];
    return whole.map((row, axis) => {
      const turned = row.reduce((sum, entry, k) => sum + entry * this.#center[k]!, 0);
      return [...row, this.#center[axis]! - turned + translation[axis]!];
    });
  }

  async run(): Promise<{ parameters: readonly number[]; lossBefore: number; lossAfter: number }> {
    const { kind, rank } = this.#settings;
    const edges = this.#levelEdges();
    const stages = edges.length + 1;
    const rigid = rank === 2 ? 3 : 6;
    const ofStart = kind === 'rigid' ? rigid : rigid + 1;
    const ofAll = kind === 'affine' ? rank * (rank + 1) : ofStart;
    let level = this.#level(edges[0]!, 0.15);
    const starts = await this.#starts(level, ofStart);
    this.#report(1, stages, level, starts[0]!);
    let found: Found[] = [];
    for (const start of starts) {
      const options = { step: 1.5 * level.edgeMm, tolerance: level.edgeMm / 4, rounds: 2 };
      found.push(await this.#search(level, start, options));
    }
    found = apart(best(found, found.length), level.edgeMm).slice(0, fewStarts);
    this.#report(2, stages, level, found[0]!);
    for (const [index, edge] of edges.entries()) {
      if (index === 0) continue;
      level = this.#level(edge, index === edges.length - 1 ? 1 : 0.5);
      const next: Found[] = [];
      for (const { parameters } of found) {
        const start = this.#at(level, this.#widened(parameters, ofAll));
        const isLast = index === edges.length - 1;
        const options = {
          step: level.edgeMm / 2,
          tolerance: level.edgeMm / (isLast ? 20 : 8),
          rounds: isLast ? 8 : 5,
        };
        next.push(await this.#search(level, start, options));
      }
      found = best(next, 1);
      this.#report(2 + index, stages, level, found[0]!);
    }
    if (edges.length === 1) {
      const start = this.#at(level, this.#widened(found[0]!.parameters, ofAll));
      found = [
        await this.#search(level, start, { step: level.edgeMm / 2, tolerance: level.edgeMm / 20, rounds: 8 }),
      ];
    }
    const { parameters, cost: lossAfter } = found[0]!;
    return {
      parameters,
      lossAfter,
      lossBefore: this.#at(
        level,
        parameters.map(() => 0),
      ).cost,
    };
  }

  /** Parameters of a similarity as those of an affine map. */
  #widened(parameters: readonly number[], count: number): readonly number[] {
    if (parameters.length === count) return parameters;
    const { rank } = this.#settings;
    const scale = parameters.at(-1)!;
    const rigid = parameters.slice(0, -1);
    const filled = [...rigid, ...Array<number>(rank).fill(scale)];
    return [...filled, ...Array<number>(count - filled.length).fill(0)];
  }

  #levelEdges(): number[] {
    const { fixed, moving } = this.#images;
    const extent = Math.max(...edgesOf(fixed.toWorld).map((edge, axis) => edge * fixed.size[axis]!));
    const finest = Math.max(
      ...[fixed, moving].map((image) => {
        const long = edgesOf(image.toWorld).filter((_, axis) => image.size[axis]! > 1);
        return long.length === 0 ? extent : Math.min(...long);
      }),
    );
    const edges = levelVoxels.map((voxels) => extent / voxels).filter((edge) => edge > finest * 1.4);
    // Images that are small already, and the last level where there is room for it.
    if (edges.length < levelVoxels.length) edges.push(finest);
    return edges;
  }

  #level(edgeMm: number, shareOfSamples: number): Level {
    const { similarity, samples } = this.#settings;
    const [fixed, moving] = [coarser(this.#images.fixed, edgeMm), coarser(this.#images.moving, edgeMm)];
    const offsets = groupOffsets(similarity, fixed.size);
    const count = Math.max(100, Math.round((samples * shareOfSamples) / Math.sqrt(offsets.length)));
    return {
      moving,
      toVoxels: invertAffine(moving.toWorld),
      samples: drawSamples(fixed, count, offsets),
      measure: sampleMeasure(similarity, moving, fixed),
      edgeMm,
    };
  }

  #costOn({ moving, toVoxels, samples, measure }: Level): Cost {
    const { places, values: fixed, group } = samples;
    const moved = new Float32Array(fixed.length);
    const weights = new Float32Array(fixed.length);
    return (parameters) => {
      readAt(moving, composeAffine(toVoxels, this.map(parameters)), places, moved, weights);
      const overlap = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
      const missing = Math.max(0, leastOverlap - overlap) / leastOverlap;
      return measure({ moved, fixed, weights, group }) + missing;
    };
  }

  #at(level: Level, parameters: readonly number[]): Found {
    return { parameters, cost: this.#costOn(level)(parameters) };
  }

  /** The best of many starts, of which no two are alike. */
  async #starts(level: Level, count: number): Promise<Found[]> {
    const { rank, searchDegrees } = this.#settings;
    const cost = this.#costOn(level);
    const steps = Math.floor(searchDegrees / degreesApart);
    const angles = Array.from(
      { length: 2 * steps + 1 },
      (_, i) => (((i - steps) * degreesApart * Math.PI) / 180) * this.#radius,
    );
    const turns = rank === 2 ? 1 : 3;
    const rotations = Array.from({ length: turns }).reduce<number[][]>(
      (all) => all.flatMap((head) => angles.map((angle) => [...head, angle])),
      [[]],
    );
    const scales = count > rank + turns ? startScales.map((scale) => [Math.log(scale) * this.#radius]) : [[]];
    const found: Found[] = [];
    for (const shift of this.#shifts()) {
      for (const scale of scales) {
        for (const rotation of rotations) {
          const parameters = [...shift, ...rotation, ...scale];
          found.push({ parameters, cost: cost(parameters) });
        }
        if (!(await this.#goesOn())) return best(found, 1);
      }
    }
    const nearest = 0.75 * ((degreesApart * Math.PI) / 180) * this.#radius;
    const chosen = apart(best(found, 40), nearest).slice(0, manyStarts);
    // The images as they lie are always among them.
    const none = [
      ...this.#shifts()[0]!,
      ...rotations[0]!.map(() => 0),
      ...(scales[0]!.length === 0 ? [] : [0]),
    ];
    return [...chosen, { parameters: none, cost: cost(none) }];
  }

  /** Translations to begin with: none, centers of mass on each other, and middles of the images on each other. */
  #shifts(): number[][] {
    const { moving, fixed } = this.#images;
    const { rank } = this.#settings;
    const middle = ({ size, toWorld }: GridImage) =>
      placeOf(
        toWorld,
        size.map((n) => (n - 1) / 2),
      );
    const between = (to: number[], from: number[]) => to.map((at, axis) => at - from[axis]!).slice(3 - rank);
    const shifts = [
      Array<number>(rank).fill(0),
      between(centerOfMass(moving), centerOfMass(fixed)),
      between(middle(moving), middle(fixed)),
    ];
    return shifts.filter((shift, i) =>
      shifts.slice(0, i).every((other) => Math.hypot(...shift.map((at, axis) => at - other[axis]!)) > 1e-6),
    );
  }

  async #search(
    level: Level,
    start: Found,
    options: { readonly step: number; readonly tolerance: number; readonly rounds: number },
  ): Promise<Found> {
    return searchMinimum(this.#costOn(level), start, { ...options, onLine: () => this.#goesOn() });
  }

  /** Lets signals, timers and the page have their turn every 50 ms; false once it was aborted. */
  async #goesOn(): Promise<boolean> {
    if (performance.now() - this.#lastTurn > 50) {
      await new Promise((resolve) => setTimeout(resolve));
      this.#lastTurn = performance.now();
    }
    return this.#options.signal?.aborted !== true;
  }

  #report(stage: number, stages: number, { edgeMm }: Level, { cost }: Found): void {
    this.#options.onProgress?.({ stage, stages, edgeMm, loss: cost });
  }
}

function best(found: readonly Found[], count: number): Found[] {
  return [...found].sort((a, b) => a.cost - b.cost).slice(0, count);
}

/** Those of a list, the best first, that lie further than a distance from all better ones. */
function apart(found: readonly Found[], distance: number): Found[] {
  const chosen: Found[] = [];
  for (const one of found) {
    const isNew = chosen.every(
      ({ parameters }) => Math.hypot(...parameters.map((value, i) => value - one.parameters[i]!)) > distance,
    );
    if (isNew) chosen.push(one);
  }
  return chosen;
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
