import { useBackend } from '@sshn-internal/testing';
import { softmax, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeLoss } from '../testing/describe-loss.js';
import { naiveRegion, sizes } from '../testing/naive-losses.js';
import { taskCase } from '../testing/task-case.js';
import { type JaccardOptions, jaccardLoss } from './jaccard-loss.js';
import type { RegionOptions } from './region-options.js';
import { type SoftDiceOptions, softDiceLoss } from './soft-dice-loss.js';
import { focalTverskyLoss, type TverskyOptions, tverskyLoss } from './tversky-loss.js';

/** What all losses over regions share: each option once, alone and together. */
const shared: RegionOptions[] = [
  { ignoreLabel: 255 },
  { ignoreLabel: 2, perSample: false },
  { classWeights: [1, 0.25, 2] },
  { classWeights: [1, 0.25, 2], includeBackground: true, smooth: 0.5 },
  { task: 'binary' },
  { task: 'binary', ignoreLabel: 255, perSample: false },
  { task: 'multilabel', smooth: 1, classWeights: [1, 2, 3] },
  { task: 'multilabel', ignoreLabel: 0 },
];

const dice = (p: readonly number[], t: readonly number[], power: number, smooth: number) => {
  const { overlap, predicted, truth } = sizes(p, t, power);
  return (2 * overlap + smooth) / (predicted + truth + smooth);
};

describeLoss<SoftDiceOptions>('soft Dice loss with options', {
  loss: softDiceLoss,
  naive: (samples, options, channels) => {
    const { squaredDenominator = true, smooth = 1e-7, log = false } = options;
    return naiveRegion(samples, options, channels, (p, t) => {
      const score = dice(p, t, squaredDenominator ? 2 : 1, smooth);
      return log ? -Math.log(score) : 1 - score;
    });
  },
  // The slope of a logarithm is steep where a label is absent: there it takes a smooth that counts.
  variants: [...shared, { log: true, smooth: 0.1 }, { squaredDenominator: false, ignoreLabel: 255 }],
});

describeLoss<JaccardOptions>('Jaccard loss', {
  loss: jaccardLoss,
  naive: (samples, options, channels) => {
    const { squaredDenominator = true, smooth = 1e-7 } = options;
    return naiveRegion(samples, options, channels, (p, t) => {
      const { overlap, predicted, truth } = sizes(p, t, squaredDenominator ? 2 : 1);
      return 1 - (overlap + smooth) / (predicted + truth - overlap + smooth);
    });
  },
  variants: [{}, { squaredDenominator: false }, { ignoreLabel: 255, smooth: 0.5 }, { task: 'multilabel' }],
});

const naiveTversky =
  (defaults: { alpha: number; beta: number; gamma: number }) =>
  (...[samples, options, channels]: [Parameters<typeof naiveRegion>[0], TverskyOptions, number]) => {
    const { alpha, beta, gamma, smooth = 1e-7 } = { ...defaults, ...options };
    return naiveRegion(samples, options, channels, (p, t) => {
      let hits = 0;
      let falseAlarms = 0;
      let misses = 0;
      p.forEach((pi, i) => {
        hits += pi * t[i]!;
        falseAlarms += pi * (1 - t[i]!);
        misses += (1 - pi) * t[i]!;
      });
      return (1 - (hits + smooth) / (hits + alpha * falseAlarms + beta * misses + smooth)) ** gamma;
    });
  };

describeLoss<TverskyOptions>('Tversky loss', {
  loss: tverskyLoss,
  naive: naiveTversky({ alpha: 0.5, beta: 0.5, gamma: 1 }),
  variants: [
    {},
    { alpha: 0.3, beta: 0.7 },
    { alpha: 1, beta: 0 },
    { gamma: 2, ignoreLabel: 255 },
    { task: 'binary' },
  ],
});

describeLoss<TverskyOptions>('focal Tversky loss', {
  loss: focalTverskyLoss,
  naive: naiveTversky({ alpha: 0.3, beta: 0.7, gamma: 0.75 }),
  variants: [{}, { gamma: 1.5 }, { alpha: 0.5, ignoreLabel: 255 }, { task: 'binary', smooth: 1 }],
});

describe('losses over regions, by hand', () => {
  beforeAll(() => useBackend('cpu'));
  // Foreground probabilities 3/4 and 1/4; the first pixel is foreground: overlap 3/4, sizes 1 and 1, squares 5/8 and 1.
  const logits = () => tensor([0, Math.log(3), Math.log(3), 0], [1, 2, 2]);
  const labels = () => tensor([1, 0], [1, 2], 'int32');
  const read = (loss: { dataSync(): ArrayLike<number> }) => loss.dataSync()[0];

  test('Jaccard', () => {
    expect(read(jaccardLoss(logits(), labels()))).toBeCloseTo(1 - 0.75 / (5 / 8 + 1 - 0.75), 6);
    expect(read(jaccardLoss(logits(), labels(), { squaredDenominator: false }))).toBeCloseTo(
      1 - 0.75 / 1.25,
      6,
    );
  });

  test('Tversky', () => {
    const index = 0.75 / (0.75 + 0.2 * 0.25 + 0.9 * 0.25);
    expect(read(tverskyLoss(logits(), labels(), { alpha: 0.2, beta: 0.9 }))).toBeCloseTo(1 - index, 6);
    expect(read(tverskyLoss(logits(), labels(), { gamma: 3 }))).toBeCloseTo(0.25 ** 3, 6);
    expect(read(focalTverskyLoss(logits(), labels()))).toBeCloseTo(0.25 ** 0.75, 5);
  });

  test('Tversky of 1/2 and 1/2 is Dice, of 1 and 1 Jaccard, both without squares', () => {
    const { logits, labels } = taskCase('multiclass', [2, 5, 3], 4);
    const plain = { squaredDenominator: false };
    const half = read(tverskyLoss(logits, labels[0]!, { smooth: 1e-6 }));
    expect(half).toBeCloseTo(read(softDiceLoss(logits, labels[0]!, { ...plain, smooth: 2e-6 }))!, 5);
    const whole = read(tverskyLoss(logits, labels[0]!, { alpha: 1, beta: 1 }));
    expect(whole).toBeCloseTo(read(jaccardLoss(logits, labels[0]!, plain))!, 5);
  });

  test('log', () => {
    const score = (2 * 0.75) / (5 / 8 + 1);
    expect(read(softDiceLoss(logits(), labels(), { log: true }))).toBeCloseTo(-Math.log(score), 6);
  });

  test('fromLogits: false takes probabilities as they are', () => {
    const { logits, labels } = taskCase('multiclass', [2, 5, 3], 3);
    for (const loss of [softDiceLoss, jaccardLoss, tverskyLoss]) {
      const ofP = loss(softmax(logits), labels[0]!, { fromLogits: false });
      expect(read(ofP)).toBeCloseTo(read(loss(logits, labels[0]!))!, 5);
    }
  });

  test('a prediction that is sure and right costs 0, sure and wrong 1', () => {
    const sure = tensor([200, 0, 0, 200], [1, 2, 2]);
    for (const loss of [jaccardLoss, tverskyLoss, focalTverskyLoss]) {
      expect(read(loss(sure, tensor([0, 1], [1, 2], 'int32')))).toBeCloseTo(0, 4);
      expect(read(loss(sure, tensor([1, 0], [1, 2], 'int32')))).toBeCloseTo(1, 5);
    }
  });

  test('options out of range are refused', () => {
    const of = (options: TverskyOptions, channels = 3) =>
      tverskyLoss(zeros([1, 2, channels]), zeros([1, 2], 'int32'), options);
    expect(() => of({ alpha: -1 })).toThrow('tverskyLoss: alpha: got -1');
    expect(() => of({ alpha: 0, beta: 0 })).toThrow('alpha + beta: got 0, expected a positive number');
    expect(() => of({ gamma: 0 })).toThrow('gamma: got 0');
    expect(() => of({ smooth: 0 })).toThrow('smooth: got 0, expected a positive number');
    expect(() => of({ classWeights: [1, 0, 0] })).toThrow('at least one of 3 labels to score');
    expect(() => of({ task: 'binary', includeBackground: true }, 1)).toThrow(
      "expected false for task 'binary'",
    );
    expect(() => of({ task: 'binary', classWeights: [1, 1] }, 1)).toThrow('expected 1 weights');
  });
});
