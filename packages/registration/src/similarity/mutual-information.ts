import { requireIntegers, ValueError } from '@sshn/core';
import {
  abs,
  add,
  concat,
  div,
  greater,
  greaterEqual,
  lessEqual,
  log,
  logicalAnd,
  matMul,
  max,
  maximum,
  min,
  mul,
  reshape,
  type Scalar,
  scalar,
  slice,
  softmax,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tensor1d,
  tidy,
  transpose,
  where,
} from '@tensorflow/tfjs-core';
import { checkPair } from './inputs.js';
import { type ValueAndGradients, withOwnGradients } from './pair-loss.js';

/** How `mutualInformationLoss` counts. */
export interface MutualInformationOptions {
  /** Bins of each image's intensities. @default 23 */
  readonly bins?: number;
  /** Width of a voxel's share in the bins (standard deviation of a Gaussian), in bins. @default 0.5 */
  readonly sigmaRatio?: number;
  /**
   * Intensities of the centers of the first and last bin, of both images; what lies outside falls into those.
   *
   * @default for each image of each sample [0, 1] where its intensities lie there, up to a quarter beyond, and are spread
   * over more than a quarter of it; else from its least to its largest intensity
   */
  readonly range?: readonly [low: number, high: number];
}

/** Keeps logarithms of empty bins finite. */
const EPSILON = 1e-7;

/** Voxels whose shares lie in memory at a time. */
const CHUNK = 1 << 16;

/**
 * Minus the mutual information of two images' intensities, in nats, averaged over the batch.
 *
 * Each voxel has a share of every bin, the softmax of `−(x − center)² / 2σ²` (a Parzen window); their products over all
 * voxels are the joint distribution p, and `loss = −Σ p(i, j) log(p(i, j) / (p(i) p(j)))`.
 *
 * Images `[batch, ...spatial, channels]`; channels count as further voxels. Result in [−log(bins), 0]. For images of
 * different modalities: any relation of intensities will do, in any units. Differentiable in both images, their ranges
 * counting as constants; memory for shares is bounded, however many voxels there are.
 *
 * @throws {ShapeError} if the shapes differ.
 * @throws {ValueError} if there are fewer than two bins, the width is not positive or the range is empty or endless.
 * @example
 * const loss = mutualInformationLoss(moved, fixed, { bins: 32 });
 *
 * *Source*: Viola and Wells (1997), Thévenaz and Unser (2000); bins and width as MONAI's
 * `GlobalMutualInformationLoss`.
 */
export function mutualInformationLoss(
  moved: Tensor,
  fixed: Tensor,
  options: MutualInformationOptions = {},
): Scalar {
  const { bins = 23, sigmaRatio = 0.5, range } = options;
  checkPair('mutualInformationLoss', moved, fixed);
  requireIntegers('mutualInformationLoss', { bins }, 2);
  if (!(sigmaRatio > 0 && sigmaRatio < Infinity)) {
    throw new ValueError({
      where: 'mutualInformationLoss: sigmaRatio',
      got: sigmaRatio,
      expected: 'a positive number',
    });
  }
  if (range !== undefined && !(range[1] > range[0] && range.every(Number.isFinite))) {
    throw new ValueError({
      where: 'mutualInformationLoss: range',
      got: range,
      expected: '[low, high], finite, with low < high',
    });
  }
  return withOwnGradients(moved, fixed, (a, b) =>
    tidy(() => ofBatch(a, b, range, new Bins(bins, sigmaRatio))),
  );
}

/** Samples one by one: each has its own joint distribution. */
function ofBatch(
  moved: Tensor,
  fixed: Tensor,
  range: MutualInformationOptions['range'],
  bins: Bins,
): ValueAndGradients {
  const batch = moved.shape[0]!;
  const voxels = moved.size / batch;
  const rowOf = (x: Tensor, i: number) =>
    reshape(slice(reshape(x, [batch, voxels]), [i, 0], [1, voxels]), [voxels]) as Tensor1D;
  const samples = Array.from({ length: batch }, (_, i) =>
    tidy(() => {
      const [a, b] = [rowOf(moved, i), rowOf(fixed, i)].map((row) => inRange(row, range)) as [Ranged, Ranged];
      const [value, toA, toB] = ofSample(a.row, b.row, bins);
      return [value, div(toA, a.width), div(toB, b.width)] as ValueAndGradients;
    }),
  );
  const gather = (part: 1 | 2) =>
    mul(reshape(concat(samples.map((sample) => sample[part])), moved.shape), 1 / batch);
  return [div(samples.map(([value]) => value).reduce(add), batch), gather(1), gather(2)];
}

/** Intensities with the centers of the first and last bin at 0 and 1, and what they were divided by. */
interface Ranged {
  readonly row: Tensor1D;
  readonly width: Scalar;
}

function inRange(row: Tensor1D, range: MutualInformationOptions['range']): Ranged {
  const [low, width] = range === undefined ? ownRange(row) : [scalar(range[0]), scalar(range[1] - range[0])];
  return { row: div(sub(row, low), width) as Tensor1D, width };
}

/** Where an image's bins begin, and how far they reach: [0, 1] where that fits it, else its own range. */
function ownRange(row: Tensor1D): [low: Scalar, width: Scalar] {
  const [low, high] = [min(row) as Scalar, max(row) as Scalar];
  const width = sub(high, low) as Scalar;
  const isInside = logicalAnd(greaterEqual(low, -0.25), lessEqual(high, 1.25));
  const fits = logicalAnd(isInside, greater(width, 0.25));
  // A flat image, or one whose range is rounding, is in one bin.
  const least = maximum(mul(maximum(abs(low), abs(high)), 1e-7), 1e-30);
  return [where(fits, 0, low) as Scalar, where(fits, 1, maximum(width, least)) as Scalar];
}

function ofSample(a: Tensor1D, b: Tensor1D, bins: Bins): ValueAndGradients {
  const joint = chunks(a, b)
    .map(([x, y]) => tidy(() => matMul(transpose(bins.shares(x)), bins.shares(y))))
    .reduce(add);
  const p = div(joint, a.size);
  const pA = sum(p, 1, true);
  const pB = sum(p, 0, true);
  const surplus = (q: Tensor) => log(add(q, EPSILON));
  const value = sum(sum(mul(p, sub(surplus(p), add(surplus(pA), surplus(pB)))), 1));
  const slope = (q: Tensor) => add(surplus(q), div(q, add(q, EPSILON)));
  // ∂loss/∂share products, per voxel.
  const toJoint = div(sub(add(slope(pA), slope(pB)), slope(p)), a.size) as Tensor2D;
  const parts = chunks(a, b).map(([x, y]) =>
    tidy((): [Tensor1D, Tensor1D] => {
      const inA = bins.shares(x);
      const inB = bins.shares(y);
      return [
        bins.pullBack(x, inA, matMul(inB, transpose(toJoint))),
        bins.pullBack(y, inB, matMul(inA, toJoint)),
      ];
    }),
  );
  // Never negative but for rounding and the logarithms' epsilon.
  return [mul(maximum(value, 0), -1), concat(parts.map(([toA]) => toA)), concat(parts.map(([, toB]) => toB))];
}

/** Both images in pieces of at most `CHUNK` voxels. */
function chunks(a: Tensor1D, b: Tensor1D): Array<[Tensor1D, Tensor1D]> {
  return Array.from({ length: Math.ceil(a.size / CHUNK) }, (_, i) => {
    const begin = i * CHUNK;
    const count = Math.min(CHUNK, a.size - begin);
    return [slice(a, begin, count), slice(b, begin, count)];
  });
}

/** The bins of intensities from 0 to 1, and how voxels share in them. */
class Bins {
  readonly #centers: Tensor1D;
  readonly #variance: number;

  constructor(count: number, sigmaRatio: number) {
    const width = 1 / (count - 1);
    this.#centers = tensor1d(Array.from({ length: count }, (_, i) => i * width));
    this.#variance = (sigmaRatio * width) ** 2;
  }

  /** `[voxels, bins]`, rows summing to 1. */
  shares(x: Tensor1D): Tensor2D {
    return softmax(div(square(this.#offsets(x)), -2 * this.#variance)) as Tensor2D;
  }

  /** The gradient to intensities `[voxels]`, from that to their shares. */
  pullBack(x: Tensor1D, shares: Tensor2D, toShares: Tensor): Tensor1D {
    const slopes = div(this.#offsets(x), -this.#variance);
    const weighted = mul(toShares, shares);
    const own = sum(mul(weighted, slopes), 1);
    const common = mul(sum(weighted, 1), sum(mul(shares, slopes), 1));
    return sub(own, common) as Tensor1D;
  }

  #offsets(x: Tensor1D): Tensor {
    return sub(reshape(x, [x.size, 1]), this.#centers);
  }
}
