/** Pairs of images in awkward units, and the similarities of them in float64, written from their definitions. */
import { Rng } from '@sshn/core';
import { meanOf, moments, positions, windowAround } from './double-precision.js';

/** Two images of one channel, values in memory order. */
export type Images = readonly [moved: Float32Array, fixed: Float32Array];

/** Blobs with noise, alike in both images, in [0, 1]; 0 behind that share of the pixels. */
export function blobs(size: readonly number[], share = 1): Images {
  const rng = Rng.fromSeed(7);
  const all = positions(size);
  const fixed = Float32Array.from(all, ([y, x], i) => {
    const value = 0.5 + 0.3 * Math.sin(y! / 3) * Math.cos(x! / 4) + 0.2 * rng.uniform(-1, 1);
    return i / all.length < share ? value : 0;
  });
  const moved = fixed.map((value) => (value === 0 ? 0 : 0.7 * value + 0.3 * rng.uniform(0, 1)));
  return [moved, fixed];
}

/** Both images in another unit. */
export const scaled = ([a, b]: Images, factor: number, offset = 0): Images => [
  a.map((value) => value * factor + offset),
  b.map((value) => value * factor + offset),
];

/** Windows of zeros beside a bright plateau, as of a scanner. */
function plateau(size: readonly number[]): Images {
  const [a, b] = blobs(size);
  const width = size.at(-1)!;
  const at = (i: number, value: number) => (2 * (i % width) < width ? 0 : 40_000 + 5000 * value);
  return [a.map((value, i) => at(i, value)), b.map((value, i) => at(i, value))];
}

/** Pairs by name. */
export function pairsInAnyUnit(size: readonly number[]): Record<string, Images> {
  const count = positions(size).length;
  const constant = (value: number) => new Float32Array(count).fill(value);
  return {
    'in [0, 1]': blobs(size),
    'a range of 1e-6': scaled(blobs(size), 1e-6),
    'a range of 1e6': scaled(blobs(size), 1e6),
    'a range of 1e20': scaled(blobs(size), 1e20),
    'an offset of 1e5': scaled(blobs(size), 1, 1e5),
    'a range of 1e6 at 1e5': scaled(blobs(size), 1e6, 1e5),
    'a range of 45,000, one image in another unit': [blobs(size)[0], scaled(blobs(size), 45_000, -1000)[1]],
    '95 % zeros': blobs(size, 0.05),
    '95 % zeros, a range of 1e6': scaled(blobs(size, 0.05), 1e6),
    'constant windows beside a bright plateau': plateau(size),
    'one image constant': [constant(100_000.3), blobs(size)[1]],
    'both constant': [constant(1e-6), constant(100_000.3)],
  };
}

/** A similarity of images near those that it was made for, whose means, scales and ranges count as constants. */
export type Similarity = (moved: readonly number[], fixed: readonly number[]) => number;

const largest = (values: ArrayLike<number>) => Array.from(values, Math.abs).reduce((a, b) => Math.max(a, b));

/** How images are divided: by how far their deviation lies outside of [1/16, 1/2]. */
function scaleOf(values: ArrayLike<number>): { mean: number; scale: number } {
  const list = Array.from(values);
  const mean = meanOf(list);
  const deviation = Math.sqrt(meanOf(list.map((value) => (value - mean) ** 2)));
  const seen = Math.max(deviation, 1e-7 * largest(list));
  return { mean, scale: Math.max(Math.max(1, seen * 2) * Math.min(1, seen * 16), 1e-30) };
}

function standardizer(image: ArrayLike<number>): (values: readonly number[]) => number[] {
  const { mean, scale } = scaleOf(image);
  return (values) => values.map((value) => (value - mean) / scale);
}

/** How `localNccLoss` was called. */
export interface LocalNcc {
  readonly size: readonly number[];
  readonly window: number;
  readonly squared: boolean;
  readonly epsilon: number;
}

export function localNcc([moved, fixed]: Images, { size, window, squared, epsilon }: LocalNcc): Similarity {
  const [ofMoved, ofFixed] = [standardizer(moved), standardizer(fixed)];
  const windows = positions(size).map((center) => windowAround(size, center, window));
  return (first, second) => {
    const [a, b] = [ofMoved(first), ofFixed(second)];
    const correlations = windows.map((inside) => {
      const { ab, aa, bb } = moments(
        inside.map((i) => a[i]!),
        inside.map((i) => b[i]!),
      );
      return squared ? ab ** 2 / (aa * bb + epsilon) : ab / Math.sqrt(aa * bb + epsilon);
    });
    return 1 - meanOf(correlations);
  };
}

export function globalNcc([moved, fixed]: Images): Similarity {
  const [ofMoved, ofFixed] = [standardizer(moved), standardizer(fixed)];
  return (first, second) => {
    const { ab, aa, bb } = moments(ofMoved(first), ofFixed(second));
    return 1 - ab ** 2 / (aa * bb + 1e-10 * first.length ** 2);
  };
}

export function gradientDifference([moved, fixed]: Images, size: readonly number[]): Similarity {
  const scale = Math.max(scaleOf(moved).scale, scaleOf(fixed).scale);
  const neighbors = size.map((_, axis) => {
    const step = size.slice(axis + 1).reduce((product, length) => product * length, 1);
    return positions(size).flatMap((position, i) =>
      position[axis]! + 1 < size[axis]! ? [[i, i + step] as const] : [],
    );
  });
  return (first, second) => {
    const losses = neighbors.map((pairs) => {
      const edges = (x: readonly number[]) => pairs.map(([i, next]) => (x[next]! - x[i]!) / scale);
      const [a, b] = [edges(first), edges(second)];
      const mean = meanOf(b);
      const variance = Math.max(meanOf(b.map((edge) => (edge - mean) ** 2)), 1e-6);
      return meanOf(a.map((edge, i) => (edge - b[i]!) ** 2 / (variance + (edge - b[i]!) ** 2)));
    });
    return meanOf(losses);
  };
}

/** Of bins from the least to the largest intensity, or from 0 to 1 where that fits. */
export function mutualInformation([moved, fixed]: Images, bins: number): Similarity {
  const rangeOf = (values: Float32Array) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const fits = low >= -0.25 && high <= 1.25 && high - low > 0.25;
    return fits ? { low: 0, width: 1 } : { low, width: Math.max(high - low, 1e-7 * largest(values), 1e-30) };
  };
  const sharesIn = (values: Float32Array) => {
    const { low, width } = rangeOf(values);
    return (x: number) => {
      const at = ((x - low) / width) * (bins - 1);
      const weights = Array.from({ length: bins }, (_, i) => Math.exp(-2 * (at - i) ** 2));
      const total = weights.reduce((a, b) => a + b);
      return weights.map((weight) => weight / total);
    };
  };
  const [ofMoved, ofFixed] = [sharesIn(moved), sharesIn(fixed)];
  return (first, second) => {
    const [a, b] = [first.map(ofMoved), second.map(ofFixed)];
    const p = Array.from({ length: bins }, (_, i) =>
      Array.from({ length: bins }, (_, j) => meanOf(a.map((row, n) => row[i]! * b[n]![j]!))),
    );
    const inA = p.map((row) => row.reduce((x, y) => x + y));
    const inB = p[0]!.map((_, j) => p.reduce((sum, row) => sum + row[j]!, 0));
    const log = (x: number) => Math.log(x + 1e-7);
    return -p
      .flatMap((row, i) => row.map((value, j) => value * (log(value) - log(inA[i]!) - log(inB[j]!))))
      .reduce((sum, term) => sum + term, 0);
  };
}

/** What an image's intensities are measured in: how far they reach from their mean, or what float32 tells apart there. */
export function unitOf(image: Float32Array): number {
  const mean = meanOf(Array.from(image));
  return Math.max(largest(Array.from(image, (value) => value - mean)), 1e-7 * largest(image));
}

/** The gradient of `f` by central differences in float64, times the unit of the values. */
export function gradientInUnit(f: (values: readonly number[]) => number, at: Float32Array): number[] {
  const values = Array.from(at);
  const step = 1e-4 * unitOf(at);
  return values.map((value, i) => {
    const probe = (distance: number) => f(values.with(i, value + distance));
    return (1e4 * (probe(step) - probe(-step))) / 2;
  });
}

/** The gradients of a similarity to both images. */
export function gradientsInUnit(similarity: Similarity, [moved, fixed]: Images): [number[], number[]] {
  const [a, b] = [Array.from(moved), Array.from(fixed)];
  return [gradientInUnit((x) => similarity(x, b), moved), gradientInUnit((x) => similarity(a, x), fixed)];
}
