import { OptionError, ValueError } from '@sshn/core';
import { array as arrayOf, assert, integer, property, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { confusionCounts, diceFromCounts, diceScore } from './overlap.js';

describe('confusionCounts', () => {
  test('by hand', () => {
    const counts = confusionCounts(Uint8Array.of(0, 1, 1, 2, 2, 0), Int32Array.of(0, 1, 2, 2, 0, 0), 4);
    expect(counts).toEqual({
      pixels: 6,
      truePositives: [2, 1, 1, 0],
      falsePositives: [0, 1, 1, 0],
      falseNegatives: [1, 0, 1, 0],
      trueNegatives: [3, 4, 3, 6],
    });
  });

  test('every pixel is counted once for every label', () => {
    const cases = arrayOf(tuple(integer({ min: 0, max: 4 }), integer({ min: 0, max: 4 })));
    assert(
      property(cases, (pairs) => {
        const counts = confusionCounts(
          pairs.map(([p]) => p),
          pairs.map(([, t]) => t),
          5,
        );
        for (let label = 0; label < 5; label++) {
          const ofLabel = [
            counts.truePositives,
            counts.falsePositives,
            counts.falseNegatives,
            counts.trueNegatives,
          ].map((list) => list[label]!);
          expect(ofLabel.reduce((a, b) => a + b)).toBe(pairs.length);
          expect(Math.min(...ofLabel)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  test('refuses what is no label, naming it', () => {
    expect(() => confusionCounts([0, 3], [0, 1], 3)).toThrow(
      'confusionCounts: predicted label at index 1: got 3, expected an integer from 0 to 2.',
    );
    expect(() => confusionCounts([0], [-1], 3)).toThrow('true label at index 0: got -1');
    expect(() => confusionCounts([0], [0.5], 3)).toThrow(ValueError);
    expect(() => confusionCounts([0], [Number.NaN], 3)).toThrow(ValueError);
    expect(() => confusionCounts([0, 0], [0], 3)).toThrow(
      'got 2, expected as many predicted labels as true ones, 1',
    );
    expect(() => confusionCounts([], [], 0)).toThrow(ValueError);
  });
});

describe('diceScore', () => {
  const predicted = Int32Array.of(0, 1, 1, 2, 2, 0);
  const truth = Int32Array.of(0, 1, 2, 2, 0, 0);

  test('by hand: per label, foreground mean', () => {
    const { mean, perLabel, undefinedLabels } = diceScore(predicted, truth, { labels: 3 });
    expect([...perLabel]).toEqual([
      [1, 2 / 3],
      [2, 0.5],
    ]);
    expect(mean).toBeCloseTo((2 / 3 + 0.5) / 2, 12);
    expect(undefinedLabels).toEqual([]);
  });

  test('includeBackground scores label 0 as well', () => {
    const { perLabel } = diceScore(predicted, truth, { labels: 3, includeBackground: true });
    expect(perLabel.get(0)).toBeCloseTo(4 / 5, 12);
    expect(perLabel.size).toBe(3);
  });

  test('a label that one of the two lacks scores 0', () => {
    expect(diceScore([1, 1], [0, 0], { labels: 2 }).mean).toBe(0);
    expect(diceScore([0, 0], [1, 1], { labels: 2 }).mean).toBe(0);
  });

  test('a label that both lack is undefined: named, and left out of the mean', () => {
    const score = diceScore(predicted, truth, { labels: 4 });
    expect(score.perLabel.get(3)).toBeNaN();
    expect(score.undefinedLabels).toEqual([3]);
    expect(score.mean).toBeCloseTo((2 / 3 + 0.5) / 2, 12);
    expect(diceScore([0], [0], { labels: 2 }).mean).toBeNaN();
  });

  test("empty: 'one' gives it 1, 'skip' gives it no row; both still name it", () => {
    const one = diceScore(predicted, truth, { labels: 4, empty: 'one' });
    expect(one.perLabel.get(3)).toBe(1);
    expect(one.mean).toBeCloseTo((2 / 3 + 0.5 + 1) / 3, 12);
    expect(one.undefinedLabels).toEqual([3]);
    const skip = diceScore(predicted, truth, { labels: 4, empty: 'skip' });
    expect([...skip.perLabel.keys()]).toEqual([1, 2]);
    expect(skip.undefinedLabels).toEqual([3]);
    expect(() => diceScore([0], [0], { labels: 2, empty: 'skp' as 'skip' })).toThrow(OptionError);
  });

  test('is 1 for itself, symmetric, and blind to the order of pixels', () => {
    const label = integer({ min: 0, max: 2 });
    assert(
      property(arrayOf(tuple(label, label), { minLength: 1 }), (pairs) => {
        const p = pairs.map(([first]) => first);
        const t = pairs.map(([, second]) => second);
        const score = diceScore(p, t, { labels: 3 });
        expect(diceScore(t, p, { labels: 3 })).toEqual(score);
        expect(diceScore([...p].reverse(), [...t].reverse(), { labels: 3 })).toEqual(score);
        expect(diceScore(p, p, { labels: 3, empty: 'one' }).mean).toBe(1);
      }),
    );
  });

  test('comes from counts as well', () => {
    expect(diceFromCounts(confusionCounts(predicted, truth, 3))).toEqual(
      diceScore(predicted, truth, { labels: 3 }),
    );
  });
});
