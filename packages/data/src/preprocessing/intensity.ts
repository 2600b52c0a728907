import { OptionError, ValueError } from '@sshn/core';

/** How intensities are normalized, as data that a model's manifest can hold. */
export type IntensityNormalization =
  /** As they are. */
  | { readonly kind: 'none' }
  /** (x − min) / (max − min) over the image: to [0, 1]. */
  | { readonly kind: 'minMax' }
  /** (x − mean) / std over the image: to mean 0, variance 1. */
  | { readonly kind: 'zScore' }
  /** Clipped to two percentiles of the image, which then become 0 and 1. */
  | {
      readonly kind: 'percentile';
      /** From 0 to below `high`. */
      readonly low: number;
      /** Up to 100. */
      readonly high: number;
    };

const kinds = ['none', 'minMax', 'zScore', 'percentile'];

/**
 * Normalizes intensities over all pixels and channels together, so that colors keep their hue. An image of one value
 * becomes 0 everywhere.
 *
 * @throws {OptionError} if the kind is unknown; {ValueError} if percentiles are not 0 ≤ low < high ≤ 100.
 * @returns The values themselves for 'none'.
 */
export function normalizeIntensity(values: Float32Array, intensity: IntensityNormalization): Float32Array {
  switch (intensity.kind) {
    case 'none':
      return values;
    case 'minMax': {
      const [low, high] = rangeOf(values);
      return stretch(values, low, high);
    }
    case 'zScore':
      return standardize(values);
    case 'percentile': {
      const { low, high } = intensity;
      if (!(low >= 0 && low < high && high <= 100)) {
        throw new ValueError({
          where: 'intensity: percentile',
          got: [low, high],
          expected: 'low and high with 0 ≤ low < high ≤ 100',
        });
      }
      const sorted = Float32Array.from(values).sort();
      return stretch(values, percentileOf(sorted, low), percentileOf(sorted, high));
    }
    default:
      throw new OptionError('intensity.kind', (intensity as { kind: string }).kind, kinds);
  }
}

/** Smallest and largest value. */
export function rangeOf(values: Iterable<number>): [low: number, high: number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** To [0, 1], clipped. */
function stretch(values: Float32Array, low: number, high: number): Float32Array {
  const scale = high > low ? 1 / (high - low) : 0;
  return values.map((value) => Math.min(1, Math.max(0, (value - low) * scale)));
}

function standardize(values: Float32Array): Float32Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  // Below this the spread is rounding of a constant.
  const isConstant = Math.sqrt(variance) <= 1e-6 * Math.abs(mean);
  const scale = isConstant ? 0 : 1 / Math.sqrt(variance);
  return values.map((value) => (value - mean) * scale);
}

/** Between the two nearest ranks, linearly: rank = percent / 100 · (n − 1). */
function percentileOf(sorted: Float32Array, percent: number): number {
  const rank = (percent / 100) * (sorted.length - 1);
  const below = Math.floor(rank);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (rank - below) * (sorted[above]! - sorted[below]!);
}
