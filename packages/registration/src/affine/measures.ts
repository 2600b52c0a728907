import type { SimilarityName } from '../objective/objective.js';
import type { GridImage } from './samples.js';

/** Values of both images at the same places, with the weight of each, in groups. */
export interface Values {
  readonly moved: Float32Array;
  readonly fixed: Float32Array;
  readonly weights: Float32Array;
  readonly group: number;
}

/** How little the moved values are like the fixed ones; smaller is more alike. */
export type SampleMeasure = (values: Values) => number;

/**
 * What `similarityLoss` measures on whole images, on samples of them: the mean squared error over the fixed image's variance,
 * one minus a squared correlation, one minus the gradient difference, and 2 minus the *normalized* mutual information, which
 * does not reward a small overlap.
 */
export function sampleMeasure(name: SimilarityName, moving: GridImage, fixed: GridImage): SampleMeasure {
  if (name === 'mutualInformation') return mutualInformation(binsOf(moving.values), binsOf(fixed.values));
  return { mse: meanSquaredError, globalNcc, localNcc, gradientDifference }[name];
}

/** What a group of each measure holds: the place itself, a window around it, or the next voxel along each axis too. */
export function groupOffsets(
  name: SimilarityName,
  size: readonly [number, number, number],
): Array<[number, number, number]> {
  if (name === 'localNcc') {
    const reach = size.map((length) => Math.min(2, Math.floor((length - 1) / 2)));
    const along = (axis: number) => Array.from({ length: 2 * reach[axis]! + 1 }, (_, i) => i - reach[axis]!);
    const all = along(0).flatMap((z) => along(1).flatMap((y) => along(2).map((x) => [z, y, x] as const)));
    return [
      [0, 0, 0],
      ...all.filter((o) => o.some((n) => n !== 0)).map(([z, y, x]) => [z, y, x] as [number, number, number]),
    ];
  }
  if (name !== 'gradientDifference') return [[0, 0, 0]];
  const next: Array<[number, number, number]> = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ];
  return [[0, 0, 0], ...next.filter((_, axis) => size[axis]! > 1)];
}

/** Sums, means and second moments of some of the values. */
function momentsOf({ moved, fixed, weights }: Values, begin: number, end: number) {
  let [total, meanA, meanB] = [0, 0, 0];
  for (let i = begin; i < end; i++) {
    total += weights[i]!;
    meanA += weights[i]! * moved[i]!;
    meanB += weights[i]! * fixed[i]!;
  }
  if (total > 0) [meanA, meanB] = [meanA / total, meanB / total];
  let [aa, bb, ab] = [0, 0, 0];
  for (let i = begin; i < end; i++) {
    const [a, b] = [moved[i]! - meanA, fixed[i]! - meanB];
    aa += weights[i]! * a * a;
    bb += weights[i]! * b * b;
    ab += weights[i]! * a * b;
  }
  return { total, aa, bb, ab };
}

const squaredCorrelation = ({ aa, bb, ab }: { aa: number; bb: number; ab: number }, flat: number): number =>
  aa > flat && bb > flat ? Math.min(1, (ab * ab) / (aa * bb)) : 0;

const globalNcc: SampleMeasure = (values) =>
  1 - squaredCorrelation(momentsOf(values, 0, values.moved.length), 0);

const meanSquaredError: SampleMeasure = (values) => {
  const { moved, fixed, weights } = values;
  const { total, bb } = momentsOf(values, 0, moved.length);
  let sum = 0;
  for (let i = 0; i < moved.length; i++) sum += weights[i]! * (moved[i]! - fixed[i]!) ** 2;
  if (total === 0) return 1;
  return bb > 0 ? sum / bb : sum / total;
};

/** Windows with less of the images' variance than this are flat. */
const flatShare = 1e-4;

const localNcc: SampleMeasure = (values) => {
  const { moved, group } = values;
  const all = momentsOf(values, 0, moved.length);
  const flat = (flatShare * group * Math.min(all.aa, all.bb)) / Math.max(all.total, 1e-9);
  let [sum, total] = [0, 0];
  for (let begin = 0; begin < moved.length; begin += group) {
    const window = momentsOf(values, begin, begin + group);
    sum += window.total * squaredCorrelation(window, flat);
    total += window.total;
  }
  return total === 0 ? 1 : 1 - sum / total;
};

const gradientDifference: SampleMeasure = ({ moved, fixed, weights, group }) => {
  let loss = 0;
  for (let axis = 1; axis < group; axis++) {
    let [total, mean, square] = [0, 0, 0];
    for (let i = 0; i < moved.length; i += group) {
      const weight = Math.min(weights[i]!, weights[i + axis]!);
      const edge = fixed[i + axis]! - fixed[i]!;
      total += weight;
      mean += weight * edge;
      square += weight * edge * edge;
    }
    if (total === 0) return 1;
    const variance = square / total - (mean / total) ** 2;
    let sum = 0;
    for (let i = 0; i < moved.length; i += group) {
      const weight = Math.min(weights[i]!, weights[i + axis]!);
      const error = (moved[i + axis]! - moved[i]! - (fixed[i + axis]! - fixed[i]!)) ** 2;
      if (error > 0) sum += (weight * error) / (variance + error);
    }
    loss += sum / total;
  }
  return loss / Math.max(1, group - 1);
};

/** Bins of intensities: where they begin, and how many there are in a unit. */
interface Bins {
  readonly low: number;
  readonly perUnit: number;
}

const binCount = 24;

/** From the 0.1st to the 99.9th percentile of an image. */
function binsOf(values: Float32Array): Bins {
  const step = Math.max(1, Math.floor(values.length / 20_000));
  const some = Float32Array.from(
    { length: Math.ceil(values.length / step) },
    (_, i) => values[i * step]!,
  ).sort();
  const at = (share: number) => some[Math.round(share * (some.length - 1))]!;
  let [low, high] = [at(0.001), at(0.999)];
  if (!(high > low)) [low, high] = [some[0]!, some.at(-1)!];
  return { low, perUnit: high > low ? (binCount - 1) / (high - low) : 0 };
}

function mutualInformation(ofMoving: Bins, ofFixed: Bins): SampleMeasure {
  const joint = new Float64Array(binCount * binCount);
  const place = ({ low, perUnit }: Bins, value: number) =>
    Math.min(Math.max((value - low) * perUnit, 0), binCount - 1);
  return ({ moved, fixed, weights }) => {
    joint.fill(0);
    for (let i = 0; i < moved.length; i++) {
      if (weights[i] === 0) continue;
      // Shared between the two nearest bins of both, so that the measure is continuous.
      const [a, b] = [place(ofMoving, moved[i]!), place(ofFixed, fixed[i]!)];
      const [a0, b0] = [Math.min(Math.floor(a), binCount - 2), Math.min(Math.floor(b), binCount - 2)];
      const [u, v, at] = [a - a0, b - b0, a0 * binCount + b0];
      joint[at]! += weights[i]! * (1 - u) * (1 - v);
      joint[at + 1]! += weights[i]! * (1 - u) * v;
      joint[at + binCount]! += weights[i]! * u * (1 - v);
      joint[at + binCount + 1]! += weights[i]! * u * v;
    }
    return 2 - normalizedInformation(joint);
  };
}

/** (H(a) + H(b)) / H(a, b), in [1, 2]; 1 where there is nothing to tell. */
function normalizedInformation(joint: Float64Array): number {
  let total = 0;
  for (const count of joint) total += count;
  if (total === 0) return 1;
  const [ofA, ofB] = [new Float64Array(binCount), new Float64Array(binCount)];
  let both = 0;
  for (let i = 0; i < binCount; i++)
    for (let j = 0; j < binCount; j++) {
      const p = joint[i * binCount + j]! / total;
      ofA[i]! += p;
      ofB[j]! += p;
      both -= p > 0 ? p * Math.log(p) : 0;
    }
  const entropy = (list: Float64Array) => list.reduce((sum, p) => sum - (p > 0 ? p * Math.log(p) : 0), 0);
  return both > 0 ? Math.min(2, (entropy(ofA) + entropy(ofB)) / both) : 1;
}
