import { ValueError } from '@sshn/core';
import { useBackend } from '@sshn-internal/testing';
import { tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeLoss } from '../testing/describe-loss.js';
import { naiveFocal } from '../testing/naive-losses.js';
import { taskCase } from '../testing/task-case.js';
import { crossEntropy } from './cross-entropy.js';
import { type FocalOptions, focalLoss } from './focal-loss.js';

describeLoss<FocalOptions>('focal loss', {
  loss: focalLoss,
  naive: naiveFocal,
  variants: [
    {},
    { gamma: 0.5 },
    { gamma: 1, alpha: 0.75 },
    { alpha: [0.1, 1, 2], ignoreLabel: 255 },
    { task: 'binary', alpha: 0.25 },
    { task: 'binary', gamma: 0.5, ignoreLabel: 255 },
    { task: 'multilabel', gamma: 3, alpha: 0.6, ignoreLabel: 1 },
  ],
});

describe('focal loss', () => {
  beforeAll(() => useBackend('cpu'));

  test('by hand: probabilities 3/4 and 1/4 of the true label', () => {
    const logits = tensor([0, Math.log(3), 0, Math.log(3)], [1, 2, 2]);
    const labels = tensor([1, 0], [1, 2], 'int32');
    const right = 0.25 ** 2 * -Math.log(0.75);
    const wrong = 0.75 ** 2 * -Math.log(0.25);
    expect(focalLoss(logits, labels).dataSync()[0]).toBeCloseTo((right + wrong) / 2, 6);
    expect(focalLoss(logits, labels, { alpha: 0.9 }).dataSync()[0]).toBeCloseTo(
      (0.9 * right + 0.1 * wrong) / 2,
      6,
    );
  });

  test('gamma 0 is cross-entropy', () => {
    for (const task of ['multiclass', 'binary'] as const) {
      const { logits, labels } = taskCase(task, [2, 5, 3], task === 'binary' ? 1 : 3);
      const focal = focalLoss(logits, labels[0]!, { task, gamma: 0 }).dataSync()[0]!;
      expect(focal).toBeCloseTo(crossEntropy(logits, labels[0]!, { task }).dataSync()[0]!, 5);
    }
  });

  test.each<[FocalOptions, string]>([
    [{ gamma: -1 }, 'focalLoss: gamma: got -1, expected a number of at least 0'],
    [{ alpha: 1.5 }, 'alpha: got 1.5, expected a number in [0, 1], or a list'],
    [{ alpha: [1] }, 'alpha: got [1], expected 3 weights'],
    [{ alpha: [1, -1, 1] }, 'finite numbers of at least 0'],
    [{ task: 'multilabel', alpha: [1, 1, 1] }, "expected a number in [0, 1] for task 'multilabel'"],
  ])('refuses %o', (options, message) => {
    const call = () => focalLoss(zeros([1, 2, 3]), zeros([1, 2, 3]), options);
    expect(call).toThrow(ValueError);
    expect(call).toThrow(message);
  });
});
