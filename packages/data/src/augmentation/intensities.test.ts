import { Rng } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { addNoise, applyGamma, normal } from './intensities.js';

/** The standard normal distribution function by the series of its Mills ratio; good to 1e-12 up to 6. */
function below(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 200; n++) {
    term *= (x * x) / (2 * n + 1);
    sum += term;
  }
  return 0.5 + (sum * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI);
}

describe('normal', () => {
  const count = 400_000;
  const rng = Rng.fromSeed(11);
  const sorted = Float64Array.from({ length: count }, () => normal(rng)).sort();

  it('follows the normal distribution everywhere', () => {
    // Kolmogorov and Smirnov: above 1.95 / √n once in a thousand seeds.
    let farthest = 0;
    sorted.forEach((x, i) => {
      const expected = below(x);
      farthest = Math.max(farthest, Math.abs(expected - i / count), Math.abs(expected - (i + 1) / count));
    });
    expect(farthest).toBeLessThan(1.95 / Math.sqrt(count));
  });

  it.each([
    [2, 0.0455],
    [3, 0.0027],
    [3.442619855899, 0.000576], // Where the ziggurat ends.
    [4, 0.0000633],
  ])('lies beyond ±%f as often as it should, on both sides', (limit, share) => {
    for (const sign of [-1, 1]) {
      const beyond = sorted.filter((x) => sign * x > limit).length;
      const expected = (count * share) / 2;
      expect(Math.abs(beyond - expected)).toBeLessThan(4 * Math.sqrt(expected));
    }
  });

  it('has neighbors that know nothing of each other', () => {
    const draws = Rng.fromSeed(3);
    let [product, squares] = [0, 0];
    let before = normal(draws);
    for (let i = 0; i < 100_000; i++) {
      const next = normal(draws);
      product += before * next;
      squares += (before * before - 1) * (next * next - 1);
      before = next;
    }
    expect(Math.abs(product) / 100_000).toBeLessThan(4 / Math.sqrt(100_000));
    expect(Math.abs(squares) / 100_000).toBeLessThan(8 / Math.sqrt(100_000));
  });
});

describe('applyGamma', () => {
  it.each([0, 1, 2, 3])('is a power to within rounding, on any scale, seed %i', (seed) => {
    const rng = Rng.fromSeed(seed);
    const [low, high] = [[0, 1] as const, [-1024, 3071] as const][seed % 2]!;
    const values = Float32Array.from({ length: 5000 }, () => low + (high - low) * rng.uniform() ** 4);
    values.set([low, high, low + (high - low) * 1e-30, low + (high - low) / 2]);
    const gamma = rng.split('gamma');
    const exponent = 3 ** gamma.split('x').uniform(-1, 1);
    const result = applyGamma(values, 2, gamma.split('x'));
    expect([result[0], result[1]]).toEqual([low, high]);
    values.forEach((value, i) => {
      const expected = low + (high - low) * ((value - low) / (high - low)) ** exponent;
      expect(Math.abs(result[i]! - expected)).toBeLessThan(1e-6 * (high - low));
    });
  });

  it('leaves an image of one value, and its argument, as they were', () => {
    expect(applyGamma(Float32Array.of(3, 3), 1, Rng.fromSeed(1))).toEqual(Float32Array.of(3, 3));
    const values = Float32Array.of(0, 0.5, 1);
    applyGamma(values, 1, Rng.fromSeed(1));
    addNoise(values, 1, Rng.fromSeed(1));
    expect(values).toEqual(Float32Array.of(0, 0.5, 1));
  });
});
