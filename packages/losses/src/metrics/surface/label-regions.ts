import { requireIntegers, ValueError } from '@sshn/core';
import { checkGrid, type Grid, requireVoxels, stridesOf } from '../../distance-transform/grid.js';
import type { Presence } from '../summary/label-scores.js';

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
