import { ShapeError, ValueError } from '@sshn/core';
import { useBackend, withoutLeak } from '@sshn-internal/testing';
import { grad, softmax, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeLoss } from '../testing/describe-loss.js';
import { probabilities, scored } from '../testing/naive-losses.js';
import { taskCase } from '../testing/task-case.js';
import { type BoundaryOptions, boundaryLoss, boundaryLossOfMaps } from './boundary-loss.js';
import { signedDistances } from './signed-distances.js';

/** On a line of pixels, which is what samples without their ignored pixels are not: only without an ignored label. */
describeLoss<BoundaryOptions>('boundary loss', {
  loss: boundaryLoss,
  naive: (samples, options, channels) => {
    const labels = scored(options, channels);
    const shape = samples[0]!.logits.length === 30 ? [3, 5, 2] : [samples[0]!.logits.length];
    if (samples[0]!.logits.length === 28) shape.splice(0, 1, 7, 4);
    const spacing = options.spacingMm ?? shape.map(() => 1);
    const at = (i: number) =>
      shape.map((n, axis) => Math.floor(i / shape.slice(axis + 1).reduce((a, b) => a * b, 1)) % n);
    const distance = (i: number, j: number) =>
      Math.hypot(...at(i).map((x, axis) => (x - at(j)[axis]!) * spacing[axis]!));
    let loss = 0;
    let weights = 0;
    for (const sample of samples) {
      const p = probabilities(sample, options.task);
      for (const [l, weight] of labels) {
        weights += weight * p.length;
        const inside = sample.truth.map((row) => row[l] === 1);
        if (!inside.includes(true) || !inside.includes(false)) continue;
        p.forEach((row, i) => {
          const others = inside.flatMap((is, j) => (is === inside[i] ? [] : [distance(i, j)]));
          loss += weight * row[l]! * Math.min(...others) * (inside[i] ? -1 : 1);
        });
      }
    }
    return loss / weights;
  },
  variants: [
    {},
    { includeBackground: true },
    { classWeights: [1, 2, 0.5] },
    { task: 'binary' },
    { task: 'multilabel' },
  ],
});

describe('boundary loss', () => {
  beforeAll(() => useBackend('cpu'));

  test('by hand: a row of four pixels with a spacing of 0.5 mm', () => {
    // Foreground probabilities 1/2 everywhere; signed distances 0.5, −0.5, −1, −1.5.
    const labels = tensor([0, 1, 1, 1], [1, 1, 4], 'int32');
    const loss = boundaryLoss(zeros([1, 1, 4, 2]), labels, { spacingMm: [9, 0.5] });
    expect(loss.dataSync()[0]).toBeCloseTo((0.5 * (0.5 - 0.5 - 1 - 1.5)) / 4, 6);
  });

  test('by hand: ignored pixels lie outside of every label and do not count', () => {
    const labels = tensor([0, 1, 255, 255], [1, 4], 'int32');
    const loss = boundaryLoss(zeros([1, 4, 2]), labels, { ignoreLabel: 255 });
    expect(loss.dataSync()[0]).toBeCloseTo((0.5 * (1 - 1)) / 2, 6);
    const moved = boundaryLoss(tensor([0, 0, 0, Math.log(3), 0, 9, 0, 9], [1, 4, 2]), labels, {
      ignoreLabel: 255,
    });
    expect(moved.dataSync()[0]).toBeCloseTo((0.5 - 0.75) / 2, 6);
  });

  test('maps made beforehand give the same', async () => {
    const { logits, labels } = taskCase('multiclass', [2, 5, 4], 3);
    const values = labels[0]!.dataSync();
    const grid = { shape: [5, 4], spacingMm: [1, 2], labels: 3 };
    const maps = tensor(
      [0, 1].flatMap((b) => Array.from(signedDistances(values.subarray(20 * b, 20 * b + 20), grid))),
      [2, 5, 4, 3],
    );
    const expected = boundaryLoss(logits, labels[0]!, { spacingMm: [1, 2] }).dataSync()[0]!;
    expect(boundaryLossOfMaps(logits, maps).dataSync()[0]).toBeCloseTo(expected, 5);
    await withoutLeak(() => boundaryLossOfMaps(logits, maps).dispose());
    await withoutLeak(() => grad((z) => boundaryLossOfMaps(z, maps))(logits).dispose());
    expect(boundaryLossOfMaps(logits, maps, { includeBackground: true }).dataSync()[0]).not.toBeCloseTo(
      expected,
      3,
    );
    expect(() => boundaryLossOfMaps(logits, zeros([2, 5, 4]))).toThrow(ShapeError);
  });

  test('soft labels count as their likeliest', () => {
    const { logits } = taskCase('multiclass', [1, 6], 3);
    const soft = softmax(tensor([0, 1, 2, 3, 1, 0, 0, 5, 1, 2, 0, 0, 0, 0, 1, 4, 0, 0], [1, 6, 3]));
    const hard = tensor([2, 0, 1, 0, 2, 0], [1, 6], 'int32');
    expect(boundaryLoss(logits, soft).dataSync()[0]).toBe(boundaryLoss(logits, hard).dataSync()[0]);
  });

  test('a spacing that does not fit is refused', () => {
    const call = () => boundaryLoss(zeros([1, 4, 4, 2]), zeros([1, 4, 4], 'int32'), { spacingMm: [1] });
    expect(call).toThrow(ValueError);
    expect(call).toThrow('spacingMm: got [1], expected 2 positive numbers of mm');
  });
});

describe('signedDistances', () => {
  test('by hand, and 0 for labels without a boundary', () => {
    expect(Array.from(signedDistances([0, 1, 1, 0], { shape: [1, 4], labels: 3 }))).toEqual(
      [
        [-1, 1, 0],
        [1, -1, 0],
        [1, -1, 0],
        [-1, 1, 0],
      ].flat(),
    );
    expect(Array.from(signedDistances([1, 1], { shape: [2], labels: 2 }))).toEqual([0, 0, 0, 0]);
  });

  test('what does not fit is refused', () => {
    expect(() => signedDistances([0, 1], { shape: [3], labels: 2 })).toThrow(
      'got 2, expected 3 entries for shape [3]',
    );
    expect(() => signedDistances([0, 1], { shape: [2], labels: 0 })).toThrow(ValueError);
  });
});
