import { OptionError } from '@sshn/core';
import { array as arrayOf, assert, integer, property, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as named from './overlap.js';
import {
  confusionCounts,
  type OverlapMetric,
  overlapFromCounts,
  overlapMetrics,
  overlapScores,
} from './overlap.js';

// Label 1: two hits, one false alarm, three misses, four right rejections.
const predicted = [1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
const truth = [1, 1, 0, 1, 1, 1, 0, 0, 0, 0];

describe('overlap metrics', () => {
  test.each<[OverlapMetric, number]>([
    ['dice', 4 / 8],
    ['jaccard', 2 / 6],
    ['precision', 2 / 3],
    ['recall', 2 / 5],
    ['specificity', 4 / 5],
    ['negativePredictiveValue', 4 / 7],
    ['accuracy', 6 / 10],
    ['balancedAccuracy', (2 / 5 + 4 / 5) / 2],
    ['volumeSimilarity', 1 - 2 / 8],
  ])('%s by hand', (metric, expected) => {
    const { mean, perLabel } = overlapScores(predicted, truth, { labels: 2, metrics: [metric] })[metric];
    expect(mean).toBeCloseTo(expected, 12);
    expect([...perLabel.keys()]).toEqual([1]);
  });

  test('each has its function', () => {
    const all = overlapScores(predicted, truth, { labels: 2, includeBackground: true });
    expect(Object.keys(all)).toEqual(overlapMetrics);
    const options = { labels: 2, includeBackground: true };
    expect(named.diceScore(predicted, truth, options)).toEqual(all.dice);
    expect(named.jaccardScore(predicted, truth, options)).toEqual(all.jaccard);
    expect(named.precisionScore(predicted, truth, options)).toEqual(all.precision);
    expect(named.recallScore(predicted, truth, options)).toEqual(all.recall);
    expect(named.specificityScore(predicted, truth, options)).toEqual(all.specificity);
    expect(named.accuracyScore(predicted, truth, options)).toEqual(all.accuracy);
    expect(named.volumeSimilarity(predicted, truth, options)).toEqual(all.volumeSimilarity);
  });

  test.each(overlapMetrics)('%s: absent from both is undefined, whatever the formula says', (metric) => {
    const score = overlapScores([0, 1], [0, 1], { labels: 3, metrics: [metric] })[metric];
    expect(score.perLabel.get(2)).toBeNaN();
    expect(score).toMatchObject({ mean: 1, undefinedLabels: [2], oneEmptyLabels: [] });
    const one = overlapScores([0, 0], [0, 0], { labels: 2, metrics: [metric], empty: 'one' })[metric];
    expect(one.mean).toBe(1);
  });

  test('absent from one: 0 where the formula is 0 / 0, else what it says; named', () => {
    const missed = overlapScores([0, 0, 0, 0], [1, 0, 0, 0], { labels: 2 });
    const found = overlapScores([1, 0, 0, 0], [0, 0, 0, 0], { labels: 2 });
    for (const metric of ['dice', 'jaccard', 'precision', 'recall', 'volumeSimilarity'] as const) {
      expect(missed[metric]).toMatchObject({ mean: 0, oneEmptyLabels: [1], undefinedLabels: [] });
      expect(found[metric]).toMatchObject({ mean: 0, oneEmptyLabels: [1], undefinedLabels: [] });
    }
    expect([missed.specificity.mean, found.specificity.mean]).toEqual([1, 3 / 4]);
    expect([missed.accuracy.mean, found.accuracy.mean]).toEqual([3 / 4, 3 / 4]);
  });

  test('a label that fills the case has no specificity', () => {
    const { specificity, dice } = overlapScores([1, 1], [1, 1], { labels: 2 });
    expect(specificity).toMatchObject({ mean: Number.NaN, undefinedLabels: [1] });
    expect(dice.mean).toBe(1);
  });

  test('ignored pixels count nowhere, and their label has no row', () => {
    const options = { labels: 3, ignoreLabel: 2, includeBackground: true };
    expect(confusionCounts([1, 0, 2, 1], [1, 2, 0, 2], 3, options)).toEqual({
      pixels: 2,
      truePositives: [0, 1, 0],
      falsePositives: [0, 0, 1],
      falseNegatives: [1, 0, 0],
      trueNegatives: [1, 1, 1],
    });
    const { perLabel } = named.diceScore([1, 0, 2, 1], [1, 2, 0, 2], options);
    expect([...perLabel]).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(named.diceScore([1, 0], [1, 255], { labels: 2, ignoreLabel: 255 }).mean).toBe(1);
    expect(named.diceScore([1, 0], [7, 7], { labels: 2, ignoreLabel: 7 }).undefinedLabels).toEqual([1]);
  });

  test('a mask is as good as leaving the pixels out', () => {
    const label = integer({ min: 0, max: 3 });
    assert(
      property(arrayOf(tuple(label, label)), (pairs) => {
        const kept = pairs.filter(([, t]) => t !== 3);
        const of = (list: Array<[number, number]>, ignore: { ignoreLabel?: number }) =>
          overlapScores(
            list.map(([p]) => p),
            list.map(([, t]) => t),
            { labels: 4, ...ignore },
          ).jaccard.perLabel;
        const masked = of(pairs, { ignoreLabel: 3 });
        const left = of(kept, {});
        for (const l of [1, 2]) expect(masked.get(l)).toEqual(left.get(l));
      }),
    );
  });

  test('refuses a metric that is none', () => {
    const counts = confusionCounts([0], [0], 2);
    expect(() => overlapFromCounts('dise' as 'dice', counts)).toThrow(OptionError);
    expect(() => overlapFromCounts('dise' as 'dice', counts)).toThrow("Did you mean 'dice'?");
  });
});
