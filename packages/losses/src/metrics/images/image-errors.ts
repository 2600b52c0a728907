import { requireImages, requireRange } from './image-options.js';

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
