import { OptionError, ValueError } from '@sshn/core';
import { useBackend } from '@sshn-internal/testing';
import { tensor, tensor2d, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeLoss } from '../testing/describe-loss.js';
import { naiveCrossEntropy } from '../testing/naive-losses.js';
import { type CrossEntropyOptions, crossEntropy } from './cross-entropy.js';

describeLoss<CrossEntropyOptions>('cross-entropy with options', {
  loss: crossEntropy,
  naive: naiveCrossEntropy,
  variants: [
    { classWeights: [0.2, 1, 3] },
    { labelSmoothing: 0.1 },
    { ignoreLabel: 255 },
    { ignoreLabel: -1 },
    { ignoreLabel: 2, classWeights: [0.5, 2, 1], labelSmoothing: 0.2 },
    { task: 'binary' },
    { task: 'binary', positiveWeight: 4, labelSmoothing: 0.1, ignoreLabel: 255 },
    { task: 'multilabel', classWeights: [1, 2, 0], positiveWeight: 3 },
    { task: 'multilabel', ignoreLabel: 1, labelSmoothing: 0.1 },
  ],
});

describe('cross-entropy with options, by hand', () => {
  beforeAll(() => useBackend('cpu'));
  // Probabilities of label 1: 3/4 and 1/4.
  const logits = () =>
    tensor2d([
      [0, Math.log(3)],
      [Math.log(3), 0],
    ]);
  const value = (labels: number[], options: CrossEntropyOptions) =>
    crossEntropy(logits(), tensor(labels, [2], 'int32'), options).dataSync()[0];

  test('weights make a weighted mean', () => {
    const expected = (-3 * Math.log(0.75) - 1 * Math.log(0.75)) / 4;
    expect(value([1, 0], { classWeights: [1, 3] })).toBeCloseTo(expected, 6);
    expect(value([1, 1], { classWeights: [1, 3] })).toBeCloseTo(-(Math.log(0.75) + Math.log(0.25)) / 2, 6);
  });

  test('smoothing 0.5 moves a quarter of the truth to the other label', () => {
    const expected = -(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25));
    expect(value([1, 0], { labelSmoothing: 0.5 })).toBeCloseTo(expected, 6);
  });

  test('an ignored pixel is not in the mean', () => {
    expect(value([1, 7], { ignoreLabel: 7 })).toBeCloseTo(-Math.log(0.75), 6);
  });

  test('binary: one logit per pixel', () => {
    const z = tensor([Math.log(3), 0], [1, 2, 1]);
    const labels = tensor([1, 0], [1, 2], 'int32');
    const expected = (-2 * Math.log(0.75) - Math.log(0.5)) / 2;
    expect(crossEntropy(z, labels, { task: 'binary', positiveWeight: 2 }).dataSync()[0]).toBeCloseTo(
      expected,
      6,
    );
  });

  test('options at their defaults take the plain path to the same bits', () => {
    const options = { labelSmoothing: 0, task: 'multiclass' } as const;
    expect(value([1, 0], options)).toBe(value([1, 0], {}));
  });
});

describe('cross-entropy refuses', () => {
  beforeAll(() => useBackend('cpu'));
  const of = (options: CrossEntropyOptions, channels = 3) =>
    crossEntropy(zeros([1, 2, channels]), zeros([1, 2], 'int32'), options);

  test.each<[CrossEntropyOptions, string]>([
    [{ labelSmoothing: 1 }, 'crossEntropy: labelSmoothing: got 1, expected a number in [0, 1).'],
    [{ classWeights: [1, 2] }, 'classWeights: got [1,2], expected 3 weights, one for each channel'],
    [{ classWeights: [0, 0, 0] }, 'not all of them 0'],
    [{ classWeights: [1, -1, 1] }, 'finite numbers of at least 0'],
    [{ positiveWeight: 2 }, "expected none for task 'multiclass'. Use classWeights."],
    [{ ignoreLabel: 0.5 }, 'ignoreLabel: got 0.5, expected an integer'],
  ])('%o', (options, message) => {
    expect(() => of(options)).toThrow(ValueError);
    expect(() => of(options)).toThrow(message);
  });

  test('what does not fit its task', () => {
    expect(() => of({ task: 'binary', classWeights: [1] }, 1)).toThrow('Use positiveWeight.');
    expect(() => of({ task: 'binary' }, 3)).toThrow("[batch, ...spatial, 1] for task 'binary'");
    expect(() => of({ task: 'binary', positiveWeight: 0 }, 1)).toThrow('a positive number');
    expect(() => of({ task: 'multilabel' })).toThrow(
      'labels: got shape [1, 2], expected [1, 2, 3] (one-hot)',
    );
    expect(() => of({ task: 'multi' as 'multilabel' })).toThrow(OptionError);
  });

  test('an ignored channel that one-hot labels lack', () => {
    expect(() => crossEntropy(zeros([1, 2, 3]), zeros([1, 2, 3]), { ignoreLabel: 3 })).toThrow(
      'ignoreLabel: got 3, expected a channel of the labels, 0 to 2',
    );
  });
});
