import { OptionError, requireIntegers, ValueError } from '@sshn/core';
import {
  checkGrid,
  type Grid,
  requireVoxels,
  spacingOf,
  squaredDistances,
  stridesOf,
} from '../distance-transform.js';
import type { Presence, ScoreOptions } from './summary.js';

/** What a metric of surfaces needs to know: besides labels, where voxels lie. */
export interface SurfaceOptions extends ScoreOptions, Grid {
  /** How many labels there are, the background included. */
  readonly labels: number;
}

/** What a distance is where one of prediction and truth lacks the label. */
export interface DistanceOptions extends SurfaceOptions {
  /**
   * For a label that one of prediction and truth lacks: `'infinity'`; `'diagonal'`, that of the grid,
   * `√Σ (length · spacing)²`; or a number of mm ≥ 0. Whichever it is, `oneEmptyLabels` names the label.
   * @default 'infinity'
   */
  readonly oneEmpty?: 'infinity' | 'diagonal' | number;
}

/** Which way distances are measured. */
export type Direction = (typeof directions)[number];
export const directions = ['both', 'predictedToTruth', 'truthToPredicted'] as const;

/** The number of mm that `oneEmpty` stands for. @throws {OptionError | ValueError} if it stands for none. */
export function oneEmptyDistance(where: string, { oneEmpty = 'infinity', ...grid }: DistanceOptions): number {
  checkGrid(where, grid);
  if (oneEmpty === 'infinity') return Infinity;
  if (oneEmpty === 'diagonal') {
    const spacing = spacingOf(grid);
    return Math.hypot(...grid.shape.map((length, axis) => length * spacing[axis]!));
  }
  if (typeof oneEmpty === 'string') throw new OptionError('oneEmpty', oneEmpty, ['infinity', 'diagonal']);
  if (oneEmpty >= 0) return oneEmpty;
  throw new ValueError({
    where: `${where}: oneEmpty`,
    got: oneEmpty,
    expected: 'a number of mm of at least 0',
  });
}

/** One label of a prediction and of the truth, cropped to where either has it; there is none of a label that is nowhere. */
export interface LabelRegion extends Presence {
  /** Voxels along each axis of the crop. */
  readonly shape: readonly number[];
  /** 1 at its voxels in the prediction, 0 elsewhere. */
  readonly predictedMask: Uint8Array;
  readonly truthMask: Uint8Array;
}

/** The labels of one case, each to be looked at by itself. */
export interface LabelRegions {
  readonly presence: (label: number) => Presence;
  readonly region: (label: number) => LabelRegion;
}

/**
 * Cuts the labels of a case apart: one pass over all voxels finds where each label lies, and each label is then looked at
 * within its own box.
 *
 * @throws {ValueError} if sizes do not fit together, or at the first value that is no label.
 */
export function labelRegions(
  where: string,
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  { labels, ignoreLabel, ...grid }: Grid & { readonly labels: number; readonly ignoreLabel?: number },
): LabelRegions {
  requireIntegers(where, { labels });
  const voxels = checkGrid(where, grid);
  requireVoxels(`${where}: predicted labels`, predicted, grid, voxels);
  requireVoxels(`${where}: true labels`, truth, grid, voxels);
  const axes = grid.shape.length;
  const boxes = Array.from({ length: labels }, () => ({
    low: new Array<number>(axes).fill(Infinity),
    high: new Array<number>(axes).fill(-1),
    predicted: false,
    truth: false,
  }));
  const at = new Array<number>(axes).fill(0);
  for (let i = 0; i < voxels; i++) {
    const p = predicted[i]!;
    const t = truth[i]!;
    if (t !== ignoreLabel) {
      const ofPrediction = boxes[p];
      const ofTruth = boxes[t];
      if (ofPrediction === undefined) throw noLabel(where, 'predicted', p, i, labels);
      if (ofTruth === undefined) throw noLabel(where, 'true', t, i, labels);
      ofPrediction.predicted = true;
      ofTruth.truth = true;
      extend(ofPrediction, at);
      if (p !== t) extend(ofTruth, at);
    }
    advance(at, grid.shape);
  }
  const region = (label: number): LabelRegion => {
    const { low, high, predicted: isPredicted, truth: isTrue } = boxes[label]!;
    const shape = low.map((first, axis) => high[axis]! - first + 1);
    const maskOf = (values: ArrayLike<number>) =>
      cropped(grid.shape, low, shape, (i) => values[i] === label && truth[i] !== ignoreLabel);
    return {
      predicted: isPredicted,
      truth: isTrue,
      shape,
      predictedMask: maskOf(predicted),
      truthMask: maskOf(truth),
    };
  };
  return { presence: (label) => boxes[label]!, region };
}

function extend({ low, high }: { low: number[]; high: number[] }, at: readonly number[]): void {
  for (let axis = 0; axis < at.length; axis++) {
    if (at[axis]! < low[axis]!) low[axis] = at[axis]!;
    if (at[axis]! > high[axis]!) high[axis] = at[axis]!;
  }
}

/** The next voxel in the order of memory. */
function advance(at: number[], shape: readonly number[]): void {
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    at[axis]! += 1;
    if (at[axis]! < shape[axis]!) return;
    at[axis] = 0;
  }
}

/** A box of a grid, as a mask. */
function cropped(
  whole: readonly number[],
  low: readonly number[],
  shape: readonly number[],
  isIn: (index: number) => boolean,
): Uint8Array {
  const strides = stridesOf(whole);
  const mask = new Uint8Array(shape.reduce((product, length) => product * length, 1));
  const at = shape.map(() => 0);
  for (let i = 0; i < mask.length; i++) {
    let index = 0;
    for (let axis = 0; axis < at.length; axis++) index += (low[axis]! + at[axis]!) * strides[axis]!;
    if (isIn(index)) mask[i] = 1;
    advance(at, shape);
  }
  return mask;
}

function noLabel(where: string, which: string, got: number, index: number, labels: number): ValueError {
  return new ValueError({
    where: `${where}: ${which} label at index ${index}`,
    got,
    expected: `an integer from 0 to ${labels - 1}`,
  });
}

/** Distances between two surfaces, one for each voxel of the first, in mm; Infinity where the other is empty. */
export interface SurfaceDistances {
  /** From each voxel of the predicted surface to the true one. */
  readonly toTruth: Float64Array;
  /** From each voxel of the true surface to the predicted one. */
  readonly toPrediction: Float64Array;
}

/** Distances between the surfaces of one label. */
export function distancesOf(region: LabelRegion, { spacingMm }: Pick<Grid, 'spacingMm'>): SurfaceDistances {
  const grid = { shape: region.shape, ...(spacingMm === undefined ? {} : { spacingMm }) };
  const predicted = surfaceOf(region.predictedMask, region.shape);
  const truth = surfaceOf(region.truthMask, region.shape);
  return {
    toTruth: at(predicted, squaredDistances(truth, grid)),
    toPrediction: at(truth, squaredDistances(predicted, grid)),
  };
}

/**
 * The surface of a region: its voxels that share a face (in 2D, an edge) with a voxel outside of it. What lies beyond the
 * grid is outside.
 */
export function surfaceOf(mask: Uint8Array, shape: readonly number[]): Uint8Array {
  const strides = stridesOf(shape);
  const surface = new Uint8Array(mask.length);
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    for (let axis = 0; axis < shape.length; axis++) {
      const stride = strides[axis]!;
      const place = Math.floor(i / stride) % shape[axis]!;
      const isInside =
        place > 0 && place < shape[axis]! - 1 && mask[i - stride] === 1 && mask[i + stride] === 1;
      if (isInside) continue;
      surface[i] = 1;
      break;
    }
  }
  return surface;
}

function at(surface: Uint8Array, squares: Float64Array): Float64Array {
  const count = surface.reduce((sum, is) => sum + is, 0);
  const distances = new Float64Array(count);
  let next = 0;
  for (let i = 0; i < surface.length; i++) {
    if (surface[i] === 1) distances[next++] = Math.sqrt(squares[i]!);
  }
  return distances;
}
