import { OptionError } from '@sshn/core';
import { useBackend } from '@sshn-internal/testing';
import { concat, fill, ones, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeLoss } from '../testing/describe-loss.js';
import { cases, column, scored, sizes } from '../testing/naive-losses.js';
import type { Sample } from '../testing/task-case.js';
import { type GeneralizedDiceOptions, generalizedDiceLoss } from './generalized-dice-loss.js';

function naive(samples: readonly Sample[], options: GeneralizedDiceOptions, channels: number): number {
  const { weighting = 'square', squaredDenominator = false, smooth = 1e-7 } = options;
  const power = { square: 2, simple: 1, uniform: 0 }[weighting];
  const groups = cases(samples, options);
  const scores = groups.map(({ p, t }) => {
    const labels = scored(options, channels).map(([l]) => l);
    // Of all labels, as MONAI takes the heaviest before the background is left out.
    const all = Array.from({ length: channels }, (_, l) => sizes([], column(t, l), 1).truth ** -power);
    const heaviest = Math.max(...all.filter(Number.isFinite), Number.NEGATIVE_INFINITY);
    const weightOf = (l: number) => (Number.isFinite(all[l]!) ? all[l]! / heaviest : 1);
    let overlap = 0;
    let total = 0;
    for (const l of labels) {
      const s = sizes(column(p, l), column(t, l), squaredDenominator ? 2 : 1);
      overlap += weightOf(l) * s.overlap;
      total += weightOf(l) * (s.predicted + s.truth);
    }
    return 1 - (2 * overlap + smooth) / (total + smooth);
  });
  return scores.reduce((a, b) => a + b) / scores.length;
}

describeLoss<GeneralizedDiceOptions>('generalized Dice loss', {
  loss: generalizedDiceLoss,
  naive,
  variants: [
    {},
    { weighting: 'simple' },
    { weighting: 'uniform' },
    { squaredDenominator: true, smooth: 0.1 },
    { includeBackground: true, perSample: false },
    { ignoreLabel: 255 },
    { task: 'binary' },
    { task: 'multilabel', ignoreLabel: 0, weighting: 'simple' },
  ],
});

describe('generalized Dice loss', () => {
  beforeAll(() => useBackend('cpu'));

  test('by hand: a label of one pixel and one of two', () => {
    // Probabilities of labels 1 and 2 at three pixels.
    const p = tensor([0, 0.5, 0.5, 0, 0.25, 0.75, 0.5, 0, 0.5], [1, 3, 3]);
    const labels = tensor([1, 2, 2], [1, 3], 'int32');
    const of = (options: GeneralizedDiceOptions) =>
      generalizedDiceLoss(p, labels, { fromLogits: false, ...options }).dataSync()[0];
    // Overlaps 0.5 and 1.25, predicted sizes 0.75 and 1.75, true sizes 1 and 2.
    expect(of({})).toBeCloseTo(1 - (2 * (0.5 + 1.25 / 4)) / (1.75 + 3.75 / 4), 6);
    expect(of({ weighting: 'simple' })).toBeCloseTo(1 - (2 * (0.5 + 1.25 / 2)) / (1.75 + 3.75 / 2), 6);
    expect(of({ weighting: 'uniform' })).toBeCloseTo(1 - (2 * 1.75) / 5.5, 6);
  });

  test('a sample without a foreground label is no free lunch', () => {
    const logits = tensor([0, 9, 9, 0], [1, 2, 2]);
    expect(generalizedDiceLoss(logits, zeros([1, 2], 'int32')).dataSync()[0]).toBeCloseTo(1, 5);
  });

  test('refuses a weighting that is none', () => {
    const options = { weighting: 'squares' as 'square' };
    expect(() => generalizedDiceLoss(zeros([1, 2, 3]), zeros([1, 2], 'int32'), options)).toThrow(OptionError);
    expect(() => generalizedDiceLoss(zeros([1, 2, 3]), zeros([1, 2], 'int32'), options)).toThrow(
      "Did you mean 'square'?",
    );
  });

  test('a label of a million pixels that is missed costs all, as one of a few does', async () => {
    // The cpu backend takes a minute for them.
    await useBackend('wasm');
    const labels = ones([1, 1000, 1000], 'int32');
    const missed = concat([fill([1, 1000, 1000, 1], 30), zeros([1, 1000, 1000, 1])], -1);
    expect(generalizedDiceLoss(missed, labels).dataSync()[0]).toBeCloseTo(1, 5);
    const half = zeros([1, 1000, 1000, 2]);
    expect(generalizedDiceLoss(half, labels).dataSync()[0]).toBeCloseTo(1 / 3, 5);
  });
});
