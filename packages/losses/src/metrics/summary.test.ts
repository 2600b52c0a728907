import { Rng, ValueError } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { diceScore } from './overlap.js';
import { type LabelScores, type ScoreOptions, summarizeScores } from './summary.js';

/** Three cases of three labels: both foreground labels; label 1 only; background only. */
const scores = (options: ScoreOptions = {}) =>
  [
    { predicted: [1, 1, 2, 0], truth: [1, 0, 2, 0] },
    { predicted: [1, 0, 0, 0], truth: [1, 1, 0, 0] },
    { predicted: [0, 0, 0, 0], truth: [0, 0, 0, 0] },
  ].map(({ predicted, truth }) => diceScore(predicted, truth, { labels: 3, ...options }));

describe('summarizeScores', () => {
  test('means are over what is defined; the rest is counted', () => {
    const summary = summarizeScores(scores());
    expect(summary.mean).toBeCloseTo(((2 / 3 + 1) / 2 + 2 / 3) / 2, 12);
    expect(summary).toMatchObject({ cases: 2, undefinedCases: 1 });
    expect(summary.perCase).toHaveLength(3);
    expect(summary.perCase.filter((mean) => !Number.isNaN(mean)).reduce((a, b) => a + b) / 2).toBe(
      summary.mean,
    );
    expect(summary.perLabel.get(1)).toMatchObject({ mean: 2 / 3, cases: 2, undefinedCases: 1 });
    expect(summary.perLabel.get(2)).toEqual({
      mean: 1,
      median: 1,
      interval: [1, 1],
      cases: 1,
      undefinedCases: 2,
      oneEmptyCases: 0,
    });
  });

  test("with 'one' every case has a score, and the undefined are still counted", () => {
    const summary = summarizeScores(scores({ empty: 'one' }));
    expect(summary).toMatchObject({ cases: 3, undefinedCases: 0 });
    expect(summary.perLabel.get(2)).toMatchObject({ mean: 1, cases: 3, undefinedCases: 2 });
  });

  test("with 'skip' the counts are those of 'undefined'", () => {
    expect(summarizeScores(scores({ empty: 'skip' }))).toEqual(summarizeScores(scores()));
  });

  test('a label absent from the whole set has a row that says so', () => {
    const { perLabel } = summarizeScores([diceScore([0, 1], [0, 1], { labels: 3 })]);
    const none = Number.NaN;
    expect(perLabel.get(2)).toEqual({
      mean: none,
      median: none,
      interval: [none, none],
      cases: 0,
      undefinedCases: 1,
      oneEmptyCases: 0,
    });
  });

  test('no cases, no mean', () => {
    expect(summarizeScores([])).toEqual({
      mean: Number.NaN,
      median: Number.NaN,
      interval: [Number.NaN, Number.NaN],
      cases: 0,
      undefinedCases: 0,
      perLabel: new Map(),
      perCase: [],
    });
  });

  test('labels absent from one of the two are counted, and are in the mean', () => {
    const missed = diceScore([0, 0], [1, 0], { labels: 2 });
    const { mean, perLabel } = summarizeScores([missed, diceScore([1, 0], [1, 0], { labels: 2 })]);
    expect(mean).toBe(0.5);
    expect(perLabel.get(1)).toMatchObject({ mean: 0.5, cases: 2, oneEmptyCases: 1 });
  });

  test('medians, of even and odd numbers of cases, and with infinite distances', () => {
    expect(summarizeScores(casesOf([0.1, 0.9, 0.4])).median).toBe(0.4);
    expect(summarizeScores(casesOf([0.1, 0.9, 0.4, 0.6])).median).toBeCloseTo(0.5, 12);
    const distances = summarizeScores(casesOf([1, 2, Infinity]));
    expect(distances).toMatchObject({ mean: Infinity, median: 2 });
    expect(distances.interval[1]).toBe(Infinity);
    expect(distances.interval[0]).toBeLessThanOrEqual(2);
  });

  test('the interval is that of the mean: as wide as theory has it, and the same each time', () => {
    const rng = Rng.fromSeed(5);
    const values = Array.from({ length: 100 }, () => rng.normal());
    const { mean, interval } = summarizeScores(casesOf(values), { resamples: 2000 });
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    const half = 1.96 * Math.sqrt(variance / values.length);
    expect(interval[0]).toBeCloseTo(mean - half, 1);
    expect(interval[1]).toBeCloseTo(mean + half, 1);
    expect((interval[1] - interval[0]) / (2 * half)).toBeGreaterThan(0.93);
    expect((interval[1] - interval[0]) / (2 * half)).toBeLessThan(1.07);
    expect(summarizeScores(casesOf(values), { resamples: 2000 }).interval).toEqual(interval);
    const other = summarizeScores(casesOf(values), { resamples: 2000, rng: Rng.fromSeed(1) });
    expect(other.interval).not.toEqual(interval);
  });

  test('less confidence, a narrower interval', () => {
    const cases = casesOf([0.1, 0.5, 0.6, 0.9, 0.95]);
    const width = (confidence: number) => {
      const [low, high] = summarizeScores(cases, { confidence }).interval;
      return high - low;
    };
    expect(width(0.5)).toBeLessThan(width(0.95));
    expect(() => summarizeScores(cases, { confidence: 1 })).toThrow('confidence: got 1');
    expect(() => summarizeScores(cases, { resamples: 0 })).toThrow(ValueError);
  });
});

/** One label's scores, case by case. */
function casesOf(values: readonly number[]): LabelScores[] {
  return values.map((value) => ({
    mean: value,
    perLabel: new Map([[1, value]]),
    undefinedLabels: [],
    oneEmptyLabels: [],
  }));
}
