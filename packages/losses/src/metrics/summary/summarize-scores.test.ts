import { describe, expect, test } from 'vitest';
import { diceScore } from '../overlap/dice-score.js';
import type { ScoreOptions } from './label-scores.js';
import { summarizeScores } from './summarize-scores.js';

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
    expect(summary.perLabel.get(1)).toEqual({ mean: 2 / 3, cases: 2, undefinedCases: 1 });
    expect(summary.perLabel.get(2)).toEqual({ mean: 1, cases: 1, undefinedCases: 2 });
  });

  test("with 'one' every case has a score, and the undefined are still counted", () => {
    const summary = summarizeScores(scores({ empty: 'one' }));
    expect(summary).toMatchObject({ cases: 3, undefinedCases: 0 });
    expect(summary.perLabel.get(2)).toEqual({ mean: 1, cases: 3, undefinedCases: 2 });
  });

  test("with 'skip' the counts are those of 'undefined'", () => {
    expect(summarizeScores(scores({ empty: 'skip' }))).toEqual(summarizeScores(scores()));
  });

  test('a label absent from the whole set has a row that says so', () => {
    const { perLabel } = summarizeScores([diceScore([0, 1], [0, 1], { labels: 3 })]);
    expect(perLabel.get(2)).toEqual({ mean: Number.NaN, cases: 0, undefinedCases: 1 });
  });

  test('no cases, no mean', () => {
    expect(summarizeScores([])).toEqual({
      mean: Number.NaN,
      cases: 0,
      undefinedCases: 0,
      perLabel: new Map(),
    });
  });
});
