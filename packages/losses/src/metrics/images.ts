import { ValueError } from '@sshn/core';

/** @throws {ValueError} if two images do not have the same number of intensities, one at least. */
export function requireImages(where: string, image: ArrayLike<number>, truth: ArrayLike<number>): void {
  if (image.length === truth.length && image.length > 0) return;
  throw new ValueError({
    where: `${where}: image`,
    got: `${image.length} intensities`,
    expected: truth.length === 0 ? 'one or more' : `${truth.length}, as the true image has`,
  });
}

/** @throws {ValueError} if that is no range of intensities. */
export function requireRange(where: string, dataRange: number): void {
  if (dataRange > 0 && dataRange < Infinity) return;
  throw new ValueError({ where: `${where}: dataRange`, got: dataRange, expected: 'a positive number' });
}

/** How far apart two images are, pixel by pixel. */
export interface ImageErrors {
  /** `mean(|a − b|)`. */
  readonly meanAbsolute: number;
  /** `mean((a − b)²)`. */
  readonly meanSquared: number;
  /** The root of that. */
  readonly rootMeanSquared: number;
  /** Peak signal-to-noise ratio in decibels, `10 log₁₀(dataRange² / mean squared)`; Infinity for equal images. */
  readonly peakSignalToNoise: number;
}

/**
 * Errors between two images of one size, in double precision.
 *
 * @param image Intensities in any order. @param truth As many, in the same order.
 * @param options.dataRange What the largest and the smallest possible intensity differ by, > 0. @default 1
 * @throws {ValueError} if the lengths differ or are 0, or the range is not positive.
 * @example
 * imageErrors(moved, fixed).peakSignalToNoise;   // in dB, of intensities in [0, 1]
 */
export function imageErrors(
  image: ArrayLike<number>,
  truth: ArrayLike<number>,
  { dataRange = 1 }: { readonly dataRange?: number } = {},
): ImageErrors {
  requireImages('imageErrors', image, truth);
  requireRange('imageErrors', dataRange);
  let [absolute, squared] = [0, 0];
  for (let i = 0; i < image.length; i++) {
    const difference = image[i]! - truth[i]!;
    absolute += Math.abs(difference);
    squared += difference * difference;
  }
  const meanSquared = squared / image.length;
  return {
    meanAbsolute: absolute / image.length,
    meanSquared,
    rootMeanSquared: Math.sqrt(meanSquared),
    peakSignalToNoise: 10 * Math.log10(dataRange ** 2 / meanSquared),
  };
}

/** How `structuralSimilarity` compares. */
export interface StructuralSimilarityOptions {
  /** Size of the images: `[height, width]` or `[depth, height, width]`. */
  readonly shape: readonly number[];
  /** What the largest and the smallest possible intensity differ by, > 0. @default 1 */
  readonly dataRange?: number;
  /** Standard deviation of the Gaussian window, in pixels, > 0. @default 1.5 */
  readonly sigma?: number;
}

/** Standard deviations from the middle of a window to its end. */
const reachInSigmas = 3.5;

/**
 * Structural similarity (SSIM) of two images: local means, variances and covariance under a Gaussian window, averaged.
 *
 * With μ, σ² and σ_ab under the window, `SSIM = mean((2 μ_a μ_b + c₁)(2 σ_ab + c₂) / ((μ_a² + μ_b² + c₁)(σ_a² + σ_b² + c₂)))`,
 * c₁ = (0.01 · dataRange)², c₂ = (0.03 · dataRange)². In [−1, 1], 1 for equal images. The window is cropped at 3.5 σ, and at
 * the border of the image its weights are those that lie inside, made to sum to 1: every pixel counts.
 *
 * @param image Intensities of one channel, the last axis of `shape` the fastest. @param truth As many.
 * @throws {ValueError} if sizes do not fit, or a number makes no sense.
 * @example
 * structuralSimilarity(moved, fixed, { shape: [160, 192] });
 *
 * *Source*: Wang et al., "Image quality assessment: from error visibility to structural similarity" (2004), who leave the
 * border out.
 */
export function structuralSimilarity(
  image: ArrayLike<number>,
  truth: ArrayLike<number>,
  { shape, dataRange = 1, sigma = 1.5 }: StructuralSimilarityOptions,
): number {
  requireImages('structuralSimilarity', image, truth);
  requireRange('structuralSimilarity', dataRange);
  requireShapeAndSigma(shape, image.length, sigma);
  // About the first one's mean: variances are differences of squares, and an offset would cost them their digits.
  const offset = meanOf(image);
  const [a, b] = [image, truth].map((x) => Float64Array.from(x, (value) => value - offset)) as [
    Float64Array,
    Float64Array,
  ];
  const smooth = (values: Float64Array): Float64Array => smoothed(values, shape, sigma);
  const product = (x: Float64Array, y: Float64Array): Float64Array => x.map((value, i) => value * y[i]!);
  const [meanA, meanB] = [smooth(a), smooth(b)];
  const [aa, bb, ab] = [smooth(product(a, a)), smooth(product(b, b)), smooth(product(a, b))];
  const [c1, c2] = [(0.01 * dataRange) ** 2, (0.03 * dataRange) ** 2];
  let total = 0;
  for (let i = 0; i < a.length; i++) {
    const [p, q] = [meanA[i]!, meanB[i]!];
    const [varianceA, varianceB] = [Math.max(aa[i]! - p * p, 0), Math.max(bb[i]! - q * q, 0)];
    const most = Math.sqrt(varianceA * varianceB);
    const covariance = Math.min(Math.max(ab[i]! - p * q, -most), most);
    const [m, n] = [p + offset, q + offset];
    const luminance = (2 * m * n + c1) / (m * m + n * n + c1);
    total += (luminance * (2 * covariance + c2)) / (varianceA + varianceB + c2);
  }
  return total / a.length;
}

function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** Gaussian means along one axis after the other. */
function smoothed(values: Float64Array, shape: readonly number[], sigma: number): Float64Array {
  const reach = Math.floor(reachInSigmas * sigma + 0.5);
  const weights = Array.from({ length: reach + 1 }, (_, i) => Math.exp(-((i / sigma) ** 2) / 2));
  return shape.reduce((from, length, axis) => {
    const inner = shape.slice(axis + 1).reduce((product, n) => product * n, 1);
    const to = new Float64Array(from.length);
    for (let i = 0; i < from.length; i++) {
      const place = Math.floor(i / inner) % length;
      let [sum, weight] = [0, 0];
      for (let at = Math.max(0, place - reach); at <= Math.min(length - 1, place + reach); at++) {
        const w = weights[Math.abs(at - place)]!;
        sum += w * from[i + (at - place) * inner]!;
        weight += w;
      }
      to[i] = sum / weight;
    }
    return to;
  }, values);
}

function requireShapeAndSigma(shape: readonly number[], count: number, sigma: number): void {
  const pixels = shape.reduce((product, n) => product * n, 1);
  if (pixels !== count || !shape.every((n) => Number.isInteger(n) && n > 0)) {
    throw new ValueError({
      where: 'structuralSimilarity: shape',
      got: shape,
      expected: `the size of images of ${count} pixels`,
    });
  }
  if (sigma > 0 && sigma < Infinity) return;
  throw new ValueError({
    where: 'structuralSimilarity: sigma',
    got: sigma,
    expected: 'a positive number of pixels',
  });
}
