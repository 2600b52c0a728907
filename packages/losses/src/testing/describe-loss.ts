import { backends, gradientError, useBackend, withoutLeak } from '@sshn-internal/testing';
import { dispose, grad, ones, type Scalar, softmax, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Task } from '../input/loss.js';
import { type Sample, taskCase } from './task-case.js';

interface Common {
  readonly task?: Task;
  readonly ignoreLabel?: number;
}

/** A loss and what it is tested against. */
export interface LossCase<Options extends Common> {
  readonly loss: (logits: Tensor, labels: Tensor, options: Options) => Scalar;
  /** Its value in float64, from the pixels that count. */
  readonly naive: (samples: readonly Sample[], options: Options, channels: number) => number;
  readonly variants: readonly Options[];
  /** Distance of the probes of finite differences. @default 1e-2 */
  readonly step?: number;
}

/** Awkward sizes: one pixel, several odd samples, volumes, no spatial axis. */
const shapes = [[1, 1, 1], [3, 7, 4], [2, 3, 5, 2], [4]];
const channelsOf = { multiclass: 3, binary: 1, multilabel: 3 } as const;

/** Value, gradient, memory and degenerate inputs of a loss, for every variant, on every backend. */
export function describeLoss<Options extends Common>(name: string, of: LossCase<Options>): void {
  const { loss, naive, variants, step = 1e-2 } = of;

  describe.each(backends)(`${name} on %s`, (backend) => {
    beforeAll(() => useBackend(backend));

    describe.each([...variants])('%o', (options) => {
      const { task = 'multiclass', ignoreLabel } = options;
      const channels = channelsOf[task];

      test.each(shapes.map((shape) => ({ shape })))('batch and space $shape: as in float64', ({ shape }) => {
        const { logits, labels, samples } = taskCase(task, shape, channels, { ignoreLabel });
        const expected = naive(samples, options, channels);
        for (const truth of labels) {
          expect(loss(logits, truth, options).dataSync()[0]).toBeCloseTo(expected, 4);
        }
        dispose([logits, ...labels]);
      });

      test('gradient as finite differences, whatever form the labels have', () => {
        const { logits, labels } = taskCase(task, [2, 4], channels, { ignoreLabel, seed: 2 });
        const [first, ...others] = labels;
        expect(gradientError((z) => loss(z!, first!, options), [logits], step)).toBeLessThan(1e-2);
        const slope = grad((z) => loss(z, first!, options))(logits).dataSync();
        for (const other of others) {
          grad((z) => loss(z, other, options))(logits)
            .dataSync()
            .forEach((value, i) => {
              expect(value).toBeCloseTo(slope[i]!, 6);
            });
        }
      });

      test('keeps nothing alive, with and without a gradient', async () => {
        const { logits, labels } = taskCase(task, [2, 3, 2], channels, { ignoreLabel });
        for (const truth of labels) {
          await withoutLeak(() => loss(logits, truth, options).dispose());
          await withoutLeak(() => grad((z) => loss(z, truth, options))(logits).dispose());
        }
      });
    });

    test('with every pixel ignored it is 0, and so is its gradient', () => {
      const labels = ones([2, 3, 2], 'int32');
      for (const task of ['multiclass', 'binary'] as const) {
        const { logits } = taskCase(task, [2, 3, 2], channelsOf[task]);
        const options = { task, ignoreLabel: 1 } as unknown as Options;
        expect(loss(logits, labels, options).dataSync()[0]).toBeCloseTo(0, 6);
        const slope = grad((z) => loss(z, labels, options))(logits).dataSync();
        expect(Array.from(slope).every((value) => Math.abs(value) === 0)).toBe(true);
      }
    });

    test('what an ignored pixel is predicted to be changes nothing', () => {
      const { logits, labels, samples } = taskCase('multiclass', [2, 4, 3], 3, { ignoreLabel: 255 });
      expect(samples.some(({ truth }) => truth.length < 12)).toBe(true);
      const options = { ignoreLabel: 255 } as unknown as Options;
      const slope = grad((z) => loss(z, labels[0]!, options))(logits).dataSync();
      labels[0]!.dataSync().forEach((label, pixel) => {
        const ofPixel = Array.from(slope.subarray(3 * pixel, 3 * pixel + 3));
        if (label === 255) expect(ofPixel.every((value) => Math.abs(value) === 0)).toBe(true);
      });
    });

    test('extreme logits and absent labels give finite numbers', () => {
      const [sample] = taskCase('multiclass', [1, 4], 3).samples;
      for (const truth of [zeros([1, 4], 'int32'), ones([1, 4], 'int32')]) {
        for (const scale of [0, 1, 100, 1e6]) {
          const logits = sample!.logits.flat().map((value) => value * scale);
          const z = tensor(logits, [1, 4, 3]);
          expect(loss(z, truth, {} as Options).dataSync()[0]).toSatisfy(Number.isFinite);
          const slope = grad((x) => loss(x, truth, {} as Options))(z).dataSync();
          expect(Array.from(slope).every(Number.isFinite)).toBe(true);
        }
      }
    });

    test('no gradient flows to soft labels', () => {
      const { logits } = taskCase('multiclass', [1, 4], 3);
      const soft = softmax(taskCase('multiclass', [1, 4], 3, { seed: 2 }).logits);
      expect(() => grad((t) => loss(logits, t, {} as Options))(soft)).toThrow(/Cannot compute gradient/);
    });
  });
}
