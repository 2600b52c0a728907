import { Rng } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { priorOf, representativeFactors, sampleRescaling } from './prior.js';

describe('prior', () => {
  test('is constant for Fixed and U(0, 0.5) for the others unless configured', () => {
    expect(priorOf({ method: 'fixed' })).toEqual({ kind: 'constant', factor: 0.5 });
    expect(priorOf({ method: 'sshn' })).toEqual({ kind: 'uniform', low: 0, high: 0.5 });
    const prior = { kind: 'uniform', low: 0.4, high: 0.6 } as const;
    expect(priorOf({ method: 'stochastic', prior })).toBe(prior);
  });

  test('samples fill the range evenly', () => {
    const rng = Rng.fromSeed(3);
    const draws = Array.from(
      { length: 4000 },
      () => sampleRescaling({ kind: 'uniform', low: 0.2, high: 0.4 }, rng).factors[0]!,
    );
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(0.2);
    expect(Math.max(...draws)).toBeLessThan(0.4);
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
    expect(Math.abs(mean - 0.3)).toBeLessThan(4 * (0.2 / Math.sqrt(12 * draws.length)));
  });

  test('a constant takes nothing from the generator', () => {
    const rng = Rng.fromSeed(3);
    const before = rng.state();
    expect(sampleRescaling({ kind: 'constant', factor: 0.3 }, rng).factors).toEqual([0.3]);
    expect(rng.state()).toEqual(before);
  });

  test('representative factors lie in the range', () => {
    expect(representativeFactors({ kind: 'constant', factor: 0.3 })).toEqual([0.3]);
    expect(representativeFactors({ kind: 'uniform', low: 0, high: 0.5 })).toEqual([0.1, 0.25, 0.5]);
  });
});
