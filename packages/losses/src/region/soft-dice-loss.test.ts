import { ShapeError, ValueError } from '@sshn/core';
import { backends, gradientError, useBackend, withoutLeak } from '@sshn-internal/testing';
import { cast, grad, softmax, type Tensor, tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Rows, softDiceRows } from '../testing/double-precision.js';
import { type RandomCase, randomCase } from '../testing/random-case.js';
import { type SoftDiceOptions, softDiceLoss } from './soft-dice-loss.js';

const read = (scalar: Tensor) => scalar.dataSync()[0]!;
const shapes = [
  [1, 1, 1],
  [1, 5, 3],
  [3, 7, 4],
  [2, 3, 5, 2],
];
const variants: SoftDiceOptions[] = [
  {},
  { squaredDenominator: false },
  { smooth: 1 },
  { includeBackground: true },
  { perSample: false },
  { squaredDenominator: false, smooth: 0.5, includeBackground: true, perSample: false },
];

function expectedLoss({ logitRows, truthRows }: RandomCase, options: SoftDiceOptions): number {
  const { squaredDenominator = true, smooth = 1e-7, includeBackground = false, perSample = true } = options;
  const cases: Array<[Rows, Rows]> = perSample
    ? logitRows.map((rows, i) => [rows, truthRows[i]!])
    : [[logitRows.flat(), truthRows.flat()]];
  const dice: number[] = [];
  for (const [logits, truth] of cases) {
    for (let label = includeBackground ? 0 : 1; label < logits[0]!.length; label++) {
      dice.push(softDiceRows(logits, truth, { power: squaredDenominator ? 2 : 1, smooth, label }));
    }
  }
  return 1 - dice.reduce((a, b) => a + b) / dice.length;
}

describe.each(backends)('soft Dice loss on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('by hand: two pixels, two labels', () => {
    // Foreground probabilities 3/4 and 1/4, the first pixel is foreground.
    const logits = tensor([0, Math.log(3), Math.log(3), 0], [1, 2, 2]);
    const labels = tensor([1, 0], [1, 2], 'int32');
    const squared = 1 - (2 * 0.75) / (0.75 ** 2 + 0.25 ** 2 + 1);
    expect(read(softDiceLoss(logits, labels))).toBeCloseTo(squared, 6);
    expect(read(softDiceLoss(logits, labels, { squaredDenominator: false }))).toBeCloseTo(0.25, 6);
  });

  test('a sure and right prediction costs nothing, a sure and wrong one 1', () => {
    const labels = tensor([1, 0], [1, 2], 'int32');
    const sure = (first: number, second: number) =>
      tensor(
        [first, second].flatMap((label) => (label === 0 ? [200, 0] : [0, 200])),
        [1, 2, 2],
      );
    expect(read(softDiceLoss(sure(1, 0), labels))).toBeCloseTo(0, 6);
    expect(read(softDiceLoss(sure(0, 1), labels))).toBeCloseTo(1, 6);
  });

  describe.each(variants)('%o', (options) => {
    test.each(shapes.map((shape) => ({ shape })))('batch and space $shape: as in float64', ({ shape }) => {
      const random = randomCase(shape, 3);
      const expected = expectedLoss(random, options);
      expect(read(softDiceLoss(random.logits, random.labels, options))).toBeCloseTo(expected, 5);
      expect(read(softDiceLoss(random.logits, random.oneHot, options))).toBeCloseTo(expected, 5);
    });

    test('gradient as finite differences', () => {
      const { logits, labels } = randomCase([2, 3, 2], 3);
      expect(gradientError((z) => softDiceLoss(z!, labels, options), [logits])).toBeLessThan(5e-3);
    });

    test('gradient as finite differences where a sample lacks a label', () => {
      const { logits } = randomCase([2, 3, 2], 3);
      const labels = tensor([1, 1, 0, 1, 0, 1, 2, 2, 2, 1, 0, 0], [2, 3, 2], 'int32');
      expect(gradientError((z) => softDiceLoss(z!, labels, options), [logits])).toBeLessThan(5e-3);
      const none = zeros([2, 3, 2], 'int32');
      const slope = grad((z) => softDiceLoss(z, none, options))(logits).dataSync();
      expect(slope.every(Number.isFinite)).toBe(true);
    });
  });

  test('soft labels: gradient as finite differences', () => {
    const { logits } = randomCase([2, 3, 2], 3);
    const soft = softmax(randomCase([2, 3, 2], 3, 2).logits);
    expect(gradientError((z) => softDiceLoss(z!, soft), [logits])).toBeLessThan(5e-3);
  });

  test('an absent label that is nowhere predicted counts as found', () => {
    const logits = tensor([0, 200, 0, 200, 0, 0], [1, 2, 3]);
    expect(read(softDiceLoss(logits, tensor([1, 0], [1, 2], 'int32')))).toBeCloseTo(0, 5);
  });

  test('one-hot labels may be integers or booleans, and leave nothing behind', async () => {
    const { logits, oneHot } = randomCase([2, 4, 4], 3);
    const expected = read(softDiceLoss(logits, oneHot));
    for (const dtype of ['int32', 'bool'] as const) {
      const labels = cast(oneHot, dtype);
      expect(await withoutLeak(() => tidy(() => read(softDiceLoss(logits, labels))))).toBe(expected);
      await withoutLeak(() => softDiceLoss(logits, labels).dispose());
    }
  });

  test('keeps nothing alive, with and without a gradient', async () => {
    const { logits, labels } = randomCase([2, 4, 4], 3);
    await withoutLeak(() => softDiceLoss(logits, labels).dispose());
    await withoutLeak(() => grad((z) => softDiceLoss(z, labels))(logits).dispose());
  });
});

describe('soft Dice loss refuses', () => {
  beforeAll(() => useBackend('cpu'));

  test('labels of other pixels', () => {
    expect(() => softDiceLoss(zeros([1, 4, 2]), zeros([1, 5], 'int32'))).toThrow(ShapeError);
  });

  test.each([0, -1, Number.NaN, Infinity])('smooth = %d', (smooth) => {
    expect(() => softDiceLoss(zeros([1, 4, 2]), zeros([1, 4], 'int32'), { smooth })).toThrow(ValueError);
  });
});
