import { Rng, ValueError } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { drawFrom, middleOf, type Spread } from '../config/prior.js';
import { parseRunConfig, type RunConfigInput } from '../config/run-config.js';
import { factorIn, priorOf, representativeFactors, sampleSetting } from './prior.js';

const configOf = (input: RunConfigInput) => parseRunConfig(input, 'test');
const threeSteps = { stages: 4 };

describe('prior', () => {
  test('is constant for Fixed and U(0, 0.5) for the others unless configured', () => {
    expect(priorOf(configOf({ method: 'fixed' }))).toEqual({ kind: 'constant', factor: 0.5 });
    expect(priorOf(configOf({}))).toEqual({ kind: 'uniform', low: 0, high: 0.5 });
    const prior = { kind: 'uniform', low: 0.4, high: 0.6 } as const;
    expect(priorOf(configOf({ method: 'stochastic', prior }))).toEqual(prior);
  });

  test('samples fill the range evenly', () => {
    const rng = Rng.fromSeed(3);
    const draws = Array.from(
      { length: 4000 },
      () => sampleSetting({ kind: 'uniform', low: 0.2, high: 0.4 }, rng).factors[0]!,
    );
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(0.2);
    expect(Math.max(...draws)).toBeLessThan(0.4);
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
    expect(Math.abs(mean - 0.3)).toBeLessThan(4 * (0.2 / Math.sqrt(12 * draws.length)));
  });

  test('endpoints of the range come up as often as asked for', () => {
    const rng = Rng.fromSeed(3);
    const prior = priorOf(configOf({ prior: { kind: 'uniform', low: 0, high: 0.5, endpoints: 0.5 } }));
    const draws = Array.from({ length: 1000 }, () => sampleSetting(prior, rng).factors[0]!);
    for (const end of [0, 0.5]) {
      const share = draws.filter((draw) => draw === end).length / draws.length;
      expect(Math.abs(share - 0.25)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / draws.length));
    }
  });

  test('a constant takes nothing from the generator', () => {
    const rng = Rng.fromSeed(3);
    const before = rng.state();
    expect(sampleSetting({ kind: 'constant', factor: 0.3 }, rng).factors).toEqual([0.3]);
    expect(rng.state()).toEqual(before);
  });

  test('representative factors lie in the range', () => {
    expect(representativeFactors({ kind: 'constant', factor: 0.3 })).toEqual([0.3]);
    expect(representativeFactors({ kind: 'uniform', low: 0, high: 0.5 })).toEqual([0.1, 0.25, 0.5]);
  });
});

describe('separate factors', () => {
  test('are as many as the network has downsampling steps', () => {
    const separate = { rescaling: 'separate' } as const;
    expect(priorOf(configOf({ ...separate, architecture: threeSteps }))).toEqual({
      kind: 'uniform',
      low: 0,
      high: 0.5,
      factors: 3,
    });
    expect(priorOf(configOf(separate))).toMatchObject({ factors: 4 });
    expect(priorOf(configOf({ ...separate, architecture: { features: [4, 8, 8] } }))).toMatchObject({
      factors: 2,
    });
    expect(priorOf(configOf({ ...separate, method: 'fixed', architecture: threeSteps }))).toEqual({
      kind: 'constant',
      factor: [0.5, 0.5, 0.5],
    });
  });

  test('are drawn independently, each over the whole range', () => {
    const rng = Rng.fromSeed(5);
    const prior = { kind: 'uniform', low: 0, high: 1, factors: 3 } as const;
    const draws = Array.from({ length: 3000 }, () => sampleSetting(prior, rng).factors);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    for (const i of [0, 1, 2]) {
      const column = draws.map((factors) => factors[i]!);
      expect(Math.min(...column)).toBeLessThan(0.01);
      expect(Math.max(...column)).toBeGreaterThan(0.99);
      // Uncorrelated with the next: the covariance of independent draws has standard deviation (1/12)/√3000.
      const next = draws.map((factors) => factors[(i + 1) % 3]!);
      const covariance = mean(column.map((value, j) => value * next[j]!)) - mean(column) * mean(next);
      expect(Math.abs(covariance)).toBeLessThan((4 * (1 / 12)) / Math.sqrt(3000));
    }
  });

  test('too many, too few or a list for a common factor are refused with the numbers', () => {
    const config = configOf({ rescaling: 'separate', architecture: threeSteps });
    expect(factorIn(config, 0.2)).toEqual([0.2, 0.2, 0.2]);
    expect(factorIn(config, [0.1, 0.2, 0.3])).toEqual([0.1, 0.2, 0.3]);
    for (const wrong of [
      [0.1, 0.2],
      [0.1, 0.2, 0.3, 0.4],
    ]) {
      expect(() => factorIn(config, wrong)).toThrow(ValueError);
      expect(() => factorIn(config, wrong)).toThrow('one for all steps, or 3');
    }
    expect(() => factorIn(configOf({}), [0.1, 0.2])).toThrow(ValueError);
    expect(factorIn(configOf({}), 0.3)).toBe(0.3);
  });
});

const draws = (spread: Spread, count = 4000): number[] => {
  const rng = Rng.fromSeed(7);
  return Array.from({ length: count }, () => drawFrom(spread, rng));
};
const share = (values: readonly number[], isCounted: (value: number) => boolean): number =>
  values.filter(isCounted).length / values.length;
/** Four standard deviations of a share of 4000 draws. */
const bound = (p: number): number => 4 * Math.sqrt((p * (1 - p)) / 4000);

describe('drawFrom', () => {
  test('uniform: every part of the range as often', () => {
    const values = draws({ low: 0.2, high: 0.6 });
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0.2);
    expect(Math.max(...values)).toBeLessThan(0.6);
    expect(Math.abs(share(values, (x) => x < 0.3) - 0.25)).toBeLessThan(bound(0.25));
  });

  test('logUniform: every order of magnitude as often', () => {
    const values = draws({ low: 0.001, high: 1, distribution: 'logUniform' });
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0.001);
    expect(Math.max(...values)).toBeLessThanOrEqual(1);
    for (const upTo of [0.01, 0.1]) {
      const wanted = upTo === 0.01 ? 1 / 3 : 2 / 3;
      expect(Math.abs(share(values, (x) => x < upTo) - wanted)).toBeLessThan(bound(wanted));
    }
  });

  test('endpoints: that share at the ends, half each', () => {
    const values = draws({ low: 0, high: 0.5, endpoints: 0.2 });
    expect(Math.abs(share(values, (x) => x === 0) - 0.1)).toBeLessThan(bound(0.1));
    expect(Math.abs(share(values, (x) => x === 0.5) - 0.1)).toBeLessThan(bound(0.1));
    expect(new Set(draws({ low: 0, high: 0.5, endpoints: 1 }, 100))).toEqual(new Set([0, 0.5]));
  });

  test('without endpoints takes one number, as before there were any', () => {
    const [a, b] = [Rng.fromSeed(3), Rng.fromSeed(3)];
    drawFrom({ low: 0, high: 0.5 }, a);
    b.uniform(0, 0.5);
    expect(a.state()).toEqual(b.state());
  });
});

test('the middle is that of the distribution', () => {
  expect(middleOf({ low: 0.2, high: 0.6 })).toBeCloseTo(0.4, 12);
  expect(middleOf({ low: 0.01, high: 1, distribution: 'logUniform' })).toBeCloseTo(0.1, 12);
});
