import { OptionError, Rng } from '@sshn/core';
import { useBackend } from '@sshn-internal/testing';
import { tensor, zeros } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { diceScore } from '../metrics/overlap.js';
import { describeLoss } from '../testing/describe-loss.js';
import { naiveLovasz } from '../testing/naive-losses.js';
import { fallingOrder, lovaszExtension } from './lovasz-extension.js';
import { type LovaszOptions, lovaszLoss } from './lovasz-loss.js';

describeLoss<LovaszOptions>('Lovász loss', {
  loss: lovaszLoss,
  naive: naiveLovasz,
  // Only piecewise smooth: probes must not change the order of errors.
  step: 2e-3,
  variants: [
    {},
    { classes: 'all' },
    { perSample: true },
    { includeBackground: true },
    { classWeights: [1, 3, 0.5] },
    { ignoreLabel: 255 },
    { task: 'binary', perSample: true },
    { task: 'multilabel', ignoreLabel: 1 },
  ],
});

describe('fallingOrder', () => {
  test('sorts as a stable sort does', () => {
    const rng = Rng.fromSeed(1);
    for (const length of [0, 1, 2, 5, 1000]) {
      const values = Float32Array.from({ length }, () => {
        return rng.uniform() < 0.3 ? rng.integer(3) / 2 : rng.uniform() ** 8;
      });
      const expected = Array.from(values, (_, i) => i).sort((a, b) => values[b]! - values[a]!);
      expect(Array.from(fallingOrder(values))).toEqual(expected);
    }
  });

  test('of part of a buffer', () => {
    const part = Float32Array.of(9, 0, 1, 0.5).subarray(1);
    expect(Array.from(fallingOrder(part))).toEqual([1, 2, 0]);
  });
});

describe('Lovász extension', () => {
  test('by hand: two true pixels, two others', () => {
    const { value, gradient } = lovaszExtension(
      Float32Array.of(0.5, 0.25, 0.75, 0),
      Float32Array.of(1, 1, 0, 0),
    );
    // Order 2, 0, 1, 3; Jaccard losses 1 − 2/3, 1 − 1/3, 1, 1.
    [1 / 3, 1 / 3, 1 / 3, 0].forEach((slope, i) => {
      expect(gradient[i]).toBeCloseTo(slope, 6);
    });
    expect(value).toBeCloseTo((0.5 + 0.25 + 0.75) / 3, 6);
  });

  test('of hard errors it is one minus Jaccard', () => {
    const truth = [1, 1, 0, 0, 1];
    const predicted = [1, 0, 1, 0, 1];
    const errors = Float32Array.from(truth, (t, i) => Math.abs(t - predicted[i]!));
    const dice = diceScore(predicted, truth, { labels: 2 }).mean;
    expect(lovaszExtension(errors, Float32Array.from(truth)).value).toBeCloseTo(1 - dice / (2 - dice), 6);
  });
});

test('Lovász loss: 0 without a label to score, 1 for all wrong', async () => {
  await useBackend('cpu');
  const sure = tensor([0, 200, 0, 200], [1, 2, 2]);
  expect(lovaszLoss(sure, zeros([1, 2], 'int32')).dataSync()[0]).toBe(0);
  expect(lovaszLoss(sure, zeros([1, 2], 'int32'), { classes: 'all' }).dataSync()[0]).toBeCloseTo(1, 6);
  const options = { classes: 'any' as 'all' };
  expect(() => lovaszLoss(sure, zeros([1, 2], 'int32'), options)).toThrow(OptionError);
});
