import { Rng, ValueError } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { imageErrors, structuralSimilarity } from './images.js';

const noise = (count: number, seed: number): Float32Array => {
  const rng = Rng.fromSeed(seed);
  return Float32Array.from({ length: count }, () => rng.uniform(0, 1));
};

describe('imageErrors', () => {
  test('by hand', () => {
    const { meanAbsolute, meanSquared, rootMeanSquared, peakSignalToNoise } = imageErrors(
      [1, 2, 3, 4],
      [1, 4, 3, 0],
      { dataRange: 10 },
    );
    expect([meanAbsolute, meanSquared]).toEqual([1.5, 5]);
    expect(rootMeanSquared).toBeCloseTo(Math.sqrt(5), 12);
    expect(peakSignalToNoise).toBeCloseTo(10 * Math.log10(100 / 5), 12);
    expect(imageErrors([0.5], [0.4]).peakSignalToNoise).toBeCloseTo(20, 10);
  });

  test('of equal images, and of what is no number', () => {
    expect(imageErrors([1, 2], [1, 2])).toEqual({
      meanAbsolute: 0,
      meanSquared: 0,
      rootMeanSquared: 0,
      peakSignalToNoise: Number.POSITIVE_INFINITY,
    });
    expect(imageErrors([Number.NaN], [1]).peakSignalToNoise).toBeNaN();
  });

  test('refuses images of two sizes, none, and no range', () => {
    expect(() => imageErrors([1], [1, 2])).toThrow(ValueError);
    expect(() => imageErrors([], [])).toThrow(ValueError);
    expect(() => imageErrors([1], [2], { dataRange: 0 })).toThrow(ValueError);
  });
});

/** Window by window, with weights of the plane or the volume at once. */
function reference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  shape: readonly number[],
  sigma: number,
  dataRange = 1,
): number {
  const reach = Math.floor(3.5 * sigma + 0.5);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
  const placeOf = (i: number) => strides.map((stride, axis) => Math.floor(i / stride) % shape[axis]!);
  const places = Array.from({ length: a.length }, (_, i) => placeOf(i));
  const scores = places.map((center) => {
    const weights = places.map((place) => {
      const steps = place.map((at, axis) => at - center[axis]!);
      if (steps.some((step) => Math.abs(step) > reach)) return 0;
      return Math.exp(-steps.reduce((sum, step) => sum + step ** 2, 0) / (2 * sigma ** 2));
    });
    const total = weights.reduce((sum, w) => sum + w, 0);
    const mean = (of: (i: number) => number) => weights.reduce((sum, w, i) => sum + (w / total) * of(i), 0);
    const [p, q] = [mean((i) => a[i]!), mean((i) => b[i]!)];
    const [va, vb] = [mean((i) => (a[i]! - p) ** 2), mean((i) => (b[i]! - q) ** 2)];
    const covariance = mean((i) => (a[i]! - p) * (b[i]! - q));
    const [c1, c2] = [1e-4 * dataRange ** 2, 9e-4 * dataRange ** 2];
    return ((2 * p * q + c1) * (2 * covariance + c2)) / ((p * p + q * q + c1) * (va + vb + c2));
  });
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

describe('structuralSimilarity', () => {
  test.each([[[1, 1]], [[7, 13]], [[12, 5]], [[4, 5, 6]]])('%j: as window by window', (shape) => {
    const count = shape.reduce((product, n) => product * n, 1);
    const [a, b] = [noise(count, 1), noise(count, 2)];
    for (const sigma of [0.8, 1.5])
      expect(structuralSimilarity(a, b, { shape, sigma })).toBeCloseTo(reference(a, b, shape, sigma), 9);
  });

  test.each([
    { scale: 1e-6, offset: 0, zeros: 0 },
    { scale: 1e6, offset: 0, zeros: 0 },
    { scale: 1, offset: 1e5, zeros: 0 },
    { scale: 1e-3, offset: 1e8, zeros: 0 },
    { scale: 45_000, offset: 0, zeros: 0.95 },
  ])('in any unit: %o', ({ scale, offset, zeros }) => {
    const shape = [9, 8];
    const pair = [noise(72, 5), noise(72, 6)].map((x) =>
      Float64Array.from(x, (value, i) => (i < 72 * zeros ? 0 : value * scale) + offset),
    ) as [Float64Array, Float64Array];
    const score = structuralSimilarity(...pair, { shape, dataRange: scale });
    expect(score).toBeCloseTo(reference(...pair, shape, 1.5, scale), 6);
    expect(Math.abs(score)).toBeLessThanOrEqual(1);
    expect(structuralSimilarity(pair[0], pair[0], { shape, dataRange: scale })).toBeCloseTo(1, 12);
  });

  test('1 for equal images, below 0 for the negative, and as the range says', () => {
    const a = noise(120, 3);
    const shape = [10, 12];
    expect(structuralSimilarity(a, a, { shape })).toBeCloseTo(1, 12);
    expect(
      structuralSimilarity(
        a,
        a.map((x) => 1 - x),
        { shape },
      ),
    ).toBeLessThan(0);
    const [scaled, other] = [a, noise(120, 4)].map((x) => x.map((value) => value * 255)) as [
      Float32Array,
      Float32Array,
    ];
    expect(structuralSimilarity(scaled, other, { shape, dataRange: 255 })).toBeCloseTo(
      structuralSimilarity(a, noise(120, 4), { shape }),
      5,
    );
  });

  test('refuses a shape of other pixels, and windows without width', () => {
    const a = noise(6, 1);
    expect(() => structuralSimilarity(a, a, { shape: [2, 2] })).toThrow(ValueError);
    expect(() => structuralSimilarity(a, a, { shape: [1.5, 4] })).toThrow(ValueError);
    expect(() => structuralSimilarity(a, a, { shape: [2, 3], sigma: 0 })).toThrow(ValueError);
    expect(() => structuralSimilarity(a, noise(5, 1), { shape: [2, 3] })).toThrow(ValueError);
  });
});
