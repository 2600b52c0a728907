import { OptionError, rangeOf, ValueError } from '@sshn/core';
import type { Image } from '../dataset/types.js';
import { convertChannels, resizeImage } from '../geometry/resize.js';

/**
 * What happens to an image between its file and the network, as data: stored with a model, so that predicting does
 * what training did.
 */
export interface Preprocessing {
  /** `[height, width]` or `[depth, height, width]` that the network sees. */
  readonly size: readonly number[];
  /** 1 (grey) or 3 (RGB). */
  readonly channels: number;
  readonly intensity: IntensityNormalization;
}

/**
 * Brings an image to the channels, the size (antialiased) and the intensities that a network is trained on, in this
 * order.
 *
 * @param onCollapse Called with a sentence if the percentiles or the window make one value of the whole image.
 * @throws {ShapeError} if the image has another number of axes, or channels that cannot be converted.
 * @throws {OptionError} or {ValueError} if the preprocessing makes no sense.
 * @example
 * const input = preprocess(await decodeImage(bytes, 'cell.bmp'), model.manifest.preprocessing);
 */
export function preprocess(
  image: Image,
  { size, channels, intensity }: Preprocessing,
  onCollapse?: (problem: string) => void,
): Image {
  const resized = resizeImage(convertChannels(image, channels), size);
  return { ...resized, values: normalizeIntensity(resized.values, intensity, onCollapse) };
}

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
      /**
       * 'foreground': the high percentile is that of the voxels above the image's mean, so that a large dark background
       * does not set it; the low one is that of the whole image. Where the two then do not differ, minimum and maximum
       * take their place. @default the whole image for both
       */
      readonly within?: 'foreground';
    }
  /** Clipped to two fixed intensities, which then become 0 and 1: a window in Hounsfield units for CT. */
  | { readonly kind: 'window'; readonly low: number; readonly high: number };

/** A normalization, or 'auto': `chooseIntensity` looks at the images and chooses one. */
export type IntensityChoice = IntensityNormalization | { readonly kind: 'auto' };

const kinds = ['none', 'minMax', 'zScore', 'percentile', 'window'];

/**
 * Normalizes intensities over all pixels and channels together, so that colors keep their hue. An image of one value
 * becomes 0 everywhere (in a window, the place of that value in it).
 *
 * @param onCollapse Called with a sentence if an image of different values becomes one value everywhere: the percentiles or
 *   the window do not fit it.
 * @throws {OptionError} if the kind is unknown; {ValueError} if percentiles are not 0 ≤ low < high ≤ 100, or a window's
 *   low is not below its high.
 * @returns The values themselves for 'none'.
 */
export function normalizeIntensity(
  values: Float32Array,
  intensity: IntensityNormalization,
  onCollapse?: (problem: string) => void,
): Float32Array {
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
      const [low, high] = percentileEnds(values, intensity);
      reportCollapse(values, low, high, `the percentiles ${intensity.low} and ${intensity.high}`, onCollapse);
      return stretch(values, low, high);
    }
    case 'window': {
      const { low, high } = intensity;
      if (!(low < high && Number.isFinite(high - low))) {
        throw new ValueError({
          where: 'intensity: window',
          got: [low, high],
          expected: 'two finite numbers, low below high',
        });
      }
      reportCollapse(values, low, high, 'the ends of the window', onCollapse);
      return stretch(values, low, high);
    }
    default:
      throw new OptionError('intensity.kind', (intensity as { kind: string }).kind, kinds);
  }
}

function percentileEnds(
  values: Float32Array,
  intensity: Extract<IntensityNormalization, { kind: 'percentile' }>,
): readonly [low: number, high: number] {
  const { low, high, within } = intensity;
  if (!(low >= 0 && low < high && high <= 100)) {
    throw new ValueError({
      where: 'intensity: percentile',
      got: [low, high],
      expected: 'low and high with 0 ≤ low < high ≤ 100',
    });
  }
  if (within === undefined) {
    const [first, second] = [rankOf(low, values.length), rankOf(high, values.length)];
    const at = valuesAt(values, [...first.ranks, ...second.ranks]);
    return [between(at[0]!, at[1]!, first.share), between(at[2]!, at[3]!, second.share)];
  }
  if (within !== 'foreground') throw new OptionError('intensity.within', within, ['foreground']);
  const mean = meanOf(values);
  let above = 0;
  for (let i = 0; i < values.length; i++) if (values[i]! > mean) above++;
  const first = rankOf(low, values.length);
  const second = above === 0 ? { ranks: [0, 0], share: 0 } : rankOf(high, above);
  const background = above === 0 ? values.length - 1 : values.length - above;
  const last = values.length - 1;
  const at = valuesAt(values, [...first.ranks, ...second.ranks.map((rank) => rank + background), 0, last]);
  const ends = [between(at[0]!, at[1]!, first.share), between(at[2]!, at[3]!, second.share)] as const;
  return ends[1] > ends[0] ? ends : [at[4]!, at[5]!];
}

function reportCollapse(
  values: Float32Array,
  low: number,
  high: number,
  ends: string,
  onCollapse: ((problem: string) => void) | undefined,
): void {
  if (onCollapse === undefined) return;
  const [least, most] = rangeOf(values);
  if (least === most || (high > low && most > low && least < high)) return;
  onCollapse(
    `becomes one value everywhere: its intensities go from ${short(least)} to ${short(most)}, and ${ends} are ${short(low)} and ${short(high)}`,
  );
}

/** A number in few digits. */
export function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** To [0, 1], clipped. */
function stretch(values: Float32Array, low: number, high: number): Float32Array {
  const scale = high > low ? 1 / (high - low) : 0;
  const result = new Float32Array(values.length);
  // A loop: `map` calls a function for each of millions of pixels.
  for (let i = 0; i < values.length; i++) result[i] = Math.min(1, Math.max(0, (values[i]! - low) * scale));
  return result;
}

function standardize(values: Float32Array): Float32Array {
  const mean = meanOf(values);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  // Below this the spread is rounding of a constant.
  const isConstant = Math.sqrt(variance) <= 1e-6 * Math.abs(mean);
  const scale = isConstant ? 0 : 1 / Math.sqrt(variance);
  return values.map((value) => (value - mean) * scale);
}

function meanOf(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A percentile's place among `count` sorted values: between two ranks, linearly: rank = percent / 100 · (n − 1). */
function rankOf(
  percent: number,
  count: number,
): { readonly ranks: readonly [number, number]; readonly share: number } {
  const rank = (percent / 100) * (count - 1);
  const below = Math.floor(rank);
  return { ranks: [below, Math.min(below + 1, count - 1)], share: rank - below };
}

function between(low: number, high: number, share: number): number {
  return low + share * (high - low);
}

/** So few values are sorted as fast as a histogram is made. */
const fewValues = 2 ** 13;

/**
 * The values at some places of the sorted values, without sorting them: a histogram of the upper halves of the numbers' bits
 * says in which of 65,536 bins a place lies, and only that bin is sorted. Ten times as fast as sorting a million pixels.
 */
function valuesAt(values: Float32Array, ranks: readonly number[]): number[] {
  if (values.length < fewValues) {
    const sorted = values.slice().sort();
    return ranks.map((rank) => sorted[rank]!);
  }
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const counts = new Uint32Array(2 ** 16);
  for (let i = 0; i < bits.length; i++) counts[orderOf(bits[i]!)]! += 1;
  const sorted = new Map<number, Float32Array>();
  return ranks.map((rank) => {
    let [bin, before] = [0, 0];
    while (before + counts[bin]! <= rank) before += counts[bin++]!;
    const known = sorted.get(bin);
    if (known !== undefined) return known[rank - before]!;
    const found = new Float32Array(counts[bin]!);
    for (let i = 0, n = 0; i < bits.length; i++) if (orderOf(bits[i]!) === bin) found[n++] = values[i]!;
    sorted.set(bin, found.sort());
    return found[rank - before]!;
  });
}

/** The upper half of a number's bits, as a whole number that rises with it. */
function orderOf(bits: number): number {
  const upper = bits >>> 16;
  return upper >= 0x8000 ? 0xffff - upper : upper + 0x8000;
}
