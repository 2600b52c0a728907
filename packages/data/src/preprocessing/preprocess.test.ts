import { percentileOf, Rng } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import type { Image } from '../dataset/types.js';
import { type IntensityNormalization, normalizeIntensity, preprocess } from './preprocess.js';

const normalized = (intensity: IntensityNormalization, ...values: number[]): number[] =>
  [...normalizeIntensity(Float32Array.from(values), intensity)].map((v) => Math.round(v * 1e5) / 1e5);

describe('normalizeIntensity', () => {
  it('does nothing for none', () => {
    expect(normalized({ kind: 'none' }, 3, -1, 7)).toEqual([3, -1, 7]);
  });

  it('stretches minimum and maximum to 0 and 1', () => {
    expect(normalized({ kind: 'minMax' }, 2, 4, 10)).toEqual([0, 0.25, 1]);
  });

  it('brings mean and variance to 0 and 1', () => {
    expect(normalized({ kind: 'zScore' }, 1, 3, 1, 3)).toEqual([-1, 1, -1, 1]);
    const large = normalizeIntensity(
      Float32Array.from({ length: 5000 }, (_, i) => 1e4 + (i % 7)),
      { kind: 'zScore' },
    );
    expect(large.reduce((sum, v) => sum + v, 0) / 5000).toBeCloseTo(0, 3);
    expect(large.reduce((sum, v) => sum + v * v, 0) / 5000).toBeCloseTo(1, 3);
  });

  it('clips at percentiles between ranks, which become 0 and 1', () => {
    // Ranks 0 to 4; 25 % is rank 1 (value 1), 90 % is rank 3.6 (value 3 + 0.6 · 97).
    const high = 3 + 0.6 * 97;
    const expected = [0, 0, 1 / (high - 1), 2 / (high - 1), 1].map((v) => Math.round(v * 1e5) / 1e5);
    expect(normalized({ kind: 'percentile', low: 25, high: 90 }, 0, 1, 2, 3, 100)).toEqual(expected);
    expect(normalized({ kind: 'percentile', low: 0, high: 100 }, 2, 4, 10)).toEqual([0, 0.25, 1]);
  });

  it('takes the percentiles that sorting gives, to the bit', () => {
    const rng = Rng.fromSeed(Number(process.env.SSHN_TEST_SEED ?? 1));
    const draw = [
      () => rng.uniform(-1, 1) * 10 ** rng.uniform(-30, 30),
      () => Math.round(rng.uniform(-3, 3)),
      () => rng.uniform(0, 255),
      () => (rng.uniform() < 0.9 ? 0 : rng.uniform(0, 4000)),
      () => (rng.uniform() < 0.5 ? -0 : 0),
    ];
    for (let i = 0; i < 40; i++) {
      const values = Float32Array.from({ length: [1, 2, 7, 9000][i % 4]! }, draw[i % 5]!);
      const [low, high] = [rng.uniform(0, 50), rng.uniform(50.1, 100)];
      const sorted = values.slice().sort();
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const above = sorted.filter((value) => value > mean);
      const within = [
        percentileOf(sorted, low),
        percentileOf(above.length > 0 ? above : sorted.subarray(-1), high),
      ];
      const ends = {
        whole: [percentileOf(sorted, low), percentileOf(sorted, high)],
        foreground: within[1]! > within[0]! ? within : [sorted[0]!, sorted.at(-1)!],
      };
      const scaled = ([from, to]: readonly number[]) =>
        values.map((value) =>
          Math.min(1, Math.max(0, (value - from!) * (to! > from! ? 1 / (to! - from!) : 0))),
        );
      const kind = { kind: 'percentile', low, high } as const;
      expect(normalizeIntensity(values, kind)).toEqual(scaled(ends.whole));
      expect(normalizeIntensity(values, { ...kind, within: 'foreground' })).toEqual(scaled(ends.foreground));
    }
  });

  it.each([{ kind: 'minMax' }, { kind: 'zScore' }, { kind: 'percentile', low: 1, high: 99 }] as const)(
    'makes 0 of an image of one value: %j',
    (intensity) => {
      expect(normalized(intensity, 0.1, 0.1, 0.1)).toEqual([0, 0, 0]);
    },
  );

  it('refuses unknown kinds and percentiles out of order, as they may come from a file', () => {
    const values = Float32Array.of(1);
    expect(() => normalizeIntensity(values, { kind: 'zscore' } as never)).toThrow(/Did you mean 'zScore'\?/);
    expect(() => normalizeIntensity(values, { kind: 'percentile', low: 9, high: 9 })).toThrow(/got \[9,9\]/);
    expect(() => normalizeIntensity(values, { kind: 'percentile', low: 0, high: 101 })).toThrow(/high ≤ 100/);
    expect(() => normalizeIntensity(values, { kind: 'percentile' } as never)).toThrow(/low and high/);
  });
});

describe('preprocess', () => {
  const image: Image = { values: Float32Array.of(0, 0, 0, 1, 1, 1), size: [1, 2], channels: 3 };

  it('converts channels, then resizes, then normalizes what the network will see', () => {
    const input = preprocess(image, { size: [1, 4], channels: 1, intensity: { kind: 'zScore' } });
    expect([input.size, input.channels]).toEqual([[1, 4], 1]);
    // Resized: 0, 1/4, 3/4, 1, of mean 1/2 and variance 5/32.
    const std = Math.sqrt(5 / 32);
    [-0.5, -0.25, 0.25, 0.5].forEach((v, i) => {
      expect(input.values[i]).toBeCloseTo(v / std, 5);
    });
  });

  it('survives a manifest: the same as data from JSON', () => {
    const preprocessing = {
      size: [3, 3],
      channels: 3,
      intensity: { kind: 'percentile', low: 2, high: 98 },
    } as const;
    expect(preprocess(image, JSON.parse(JSON.stringify(preprocessing)))).toEqual(
      preprocess(image, preprocessing),
    );
  });
});
