import { ShapeError, ValueError } from '@sshn/core';
import { backends, gradientError, useBackend, withoutLeak } from '@sshn-internal/testing';
import { cast, grad, scalar, type Tensor, tensor, tensor2d, tidy, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { crossEntropyRows, softmaxRows } from '../testing/double-precision.js';
import { randomCase } from '../testing/random-case.js';
import { crossEntropy } from './cross-entropy.js';

const read = (scalar: Tensor) => scalar.dataSync()[0]!;

/** Awkward sizes: one pixel, odd, not square, several samples, volumes, no spatial axis. */
const shapes = [[1, 1, 1], [1, 5, 3], [3, 7, 4], [2, 3, 5, 2], [4]];

describe.each(backends)('cross-entropy on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('by hand: probabilities 1/4 and 3/4', () => {
    const logits = tensor2d([
      [0, Math.log(3)],
      [Math.log(3), 0],
    ]);
    const labels = tensor([1, 1], [2], 'int32');
    expect(read(crossEntropy(logits, labels))).toBeCloseTo((-Math.log(0.75) - Math.log(0.25)) / 2, 6);
    const slope = grad((z) => crossEntropy(z, labels))(logits).dataSync();
    [0.25, -0.25, 0.75, -0.75].forEach((twice, i) => {
      expect(slope[i]).toBeCloseTo(twice / 2, 6);
    });
  });

  test('equal logits cost log(labels)', () => {
    expect(read(crossEntropy(zeros([1, 2, 2, 5]), zeros([1, 2, 2], 'int32')))).toBeCloseTo(Math.log(5), 6);
  });

  test('huge logits neither overflow nor lose the difference', () => {
    const logits = tensor2d([
      [1000, -1000, 0],
      [1e38, 1e38, -1e38],
    ]);
    const labels = tensor([1, 0], [2], 'int32');
    expect(read(crossEntropy(logits, labels))).toBeCloseTo((2000 + Math.log(2)) / 2, 3);
    const slope = Array.from(grad((z) => crossEntropy(z, labels))(logits).dataSync());
    expect(slope).toEqual([0.5, -0.5, 0, -0.25, 0.25, 0]);
  });

  test.each(shapes.map((shape) => ({ shape })))(
    'batch and space $shape: value and gradient as in float64',
    ({ shape }) => {
      const { logits, labels, oneHot, logitRows, truthRows } = randomCase(shape, 3);
      const expected = crossEntropyRows(logitRows.flat(), truthRows.flat());
      expect(read(crossEntropy(logits, labels))).toBeCloseTo(expected, 5);
      expect(read(crossEntropy(logits, oneHot))).toBeCloseTo(expected, 5);
      const pixels = labels.size;
      const slope = grad((z) => crossEntropy(z, labels))(logits, scalar(3)).dataSync();
      const p = softmaxRows(logitRows.flat()).flat();
      truthRows
        .flat()
        .flat()
        .forEach((t, i) => {
          expect(slope[i]).toBeCloseTo((3 * (p[i]! - t)) / pixels, 6);
        });
    },
  );

  test('soft labels: value as in float64, gradient as finite differences', () => {
    const { logits, logitRows } = randomCase([2, 3, 2], 4);
    const { logitRows: other } = randomCase([2, 3, 2], 4, 2);
    const soft = other.map(softmaxRows);
    const labels = tensor(soft.flat(2), logits.shape);
    expect(read(crossEntropy(logits, labels))).toBeCloseTo(
      crossEntropyRows(logitRows.flat(), soft.flat()),
      5,
    );
    expect(gradientError((z) => crossEntropy(z!, labels), [logits])).toBeLessThan(1e-3);
  });

  test('one-hot labels may be integers or booleans, and leave nothing behind', async () => {
    const { logits, oneHot } = randomCase([2, 4, 4], 3);
    const expected = read(crossEntropy(logits, oneHot));
    for (const dtype of ['int32', 'bool'] as const) {
      const labels = cast(oneHot, dtype);
      expect(await withoutLeak(() => tidy(() => read(crossEntropy(logits, labels))))).toBe(expected);
      await withoutLeak(() => crossEntropy(logits, labels).dispose());
    }
  });

  test('keeps nothing alive, with and without a gradient', async () => {
    const { logits, labels } = randomCase([2, 4, 4], 3);
    await withoutLeak(() => crossEntropy(logits, labels).dispose());
    await withoutLeak(() => grad((z) => crossEntropy(z, labels))(logits).dispose());
  });
});

describe('cross-entropy refuses', () => {
  beforeAll(() => useBackend('cpu'));
  const logits = () => zeros([2, 4, 3, 5]);

  test('labels of other pixels', () => {
    expect(() => crossEntropy(logits(), zeros([2, 3, 4], 'int32'))).toThrow(
      'crossEntropy: labels: got shape [2, 3, 4], expected [2, 4, 3] (integers) or [2, 4, 3, 5] (one-hot)',
    );
    expect(() => crossEntropy(logits(), zeros([2, 4, 3, 4]))).toThrow(ShapeError);
    expect(() => crossEntropy(logits(), zeros([2, 4], 'int32'))).toThrow(ShapeError);
  });

  test('integer labels kept as floats', () => {
    expect(() => crossEntropy(logits(), zeros([2, 4, 3]))).toThrow(ValueError);
    expect(() => crossEntropy(logits(), zeros([2, 4, 3]))).toThrow('got "float32", expected \'int32\'');
  });

  test('a single label, and no pixel', () => {
    expect(() => crossEntropy(zeros([2, 4, 1]), zeros([2, 4], 'int32'))).toThrow(
      'at least 2 labels and no empty axis',
    );
    expect(() => crossEntropy(zeros([0, 4, 2]), zeros([0, 4], 'int32'))).toThrow(ShapeError);
  });
});
