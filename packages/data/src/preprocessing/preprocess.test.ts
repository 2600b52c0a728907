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
