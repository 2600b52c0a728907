import { CapabilityError, Rng } from '@sshn/core';
import { backends, useBackend, withoutLeak } from '@sshn-internal/testing';
import { dispose, grad, type Tensor, tensor2d, tidy, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { targetOf } from '../input/labels.js';
import { linkOf } from '../input/loss.js';
import { taskCase } from '../testing/task-case.js';
import { lovaszExtension, lovaszOnDevice, lovaszRows } from './lovasz-extension.js';
import { type LovaszOptions, lovaszLoss } from './lovasz-loss.js';
import { channelWeights } from './region-options.js';

describe.each(backends)('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test.each([1, 2, 7, 300])('rows of %i pixels: the extension of each', async (pixels) => {
    const rng = Rng.fromSeed(pixels);
    const rows = Array.from({ length: 3 }, (_, row) => ({
      errors: Float32Array.from({ length: pixels }, () => rng.uniform()),
      // Hard, soft, and none at all.
      truth: Float32Array.from({ length: pixels }, () =>
        row === 0 ? rng.integer(2) : row === 1 ? rng.uniform() : 0,
      ),
    }));
    const [errors, truth] = (['errors', 'truth'] as const).map((key) =>
      tensor2d(
        rows.flatMap((row) => [...row[key]]),
        [3, pixels],
      ),
    );
    const others = tensor2d(
      rows.flatMap((row) => [...row.truth].map((t) => 1 - t)),
      [3, pixels],
    );
    const { values, gradient } = tidy(() => lovaszRows(errors!, truth!, others));
    const [gotValues, gotGradient] = [values.dataSync(), gradient.dataSync()];
    rows.forEach((row, i) => {
      const wanted = lovaszExtension(row.errors, row.truth);
      expect(gotValues[i]).toBeCloseTo(wanted.value, 5);
      wanted.gradient.forEach((slope, pixel) => {
        expect(gotGradient[i * pixels + pixel]).toBeCloseTo(slope, 5);
      });
    });
    dispose([errors!, truth!, others, values, gradient]);
  });

  const variants: readonly LovaszOptions[] = [
    {},
    { classes: 'all' },
    { perSample: true, includeBackground: true },
    { classWeights: [1, 3, 0.5], ignoreLabel: 255 },
    { classes: 'all', ignoreLabel: 255, perSample: true },
    { task: 'binary', perSample: true },
    { task: 'multilabel', ignoreLabel: 1 },
  ];

  test.each(variants)('%o: value and gradient of the loss that reads', async (options) => {
    const { task = 'multiclass', classes = 'present', perSample = false, ignoreLabel } = options;
    const channels = task === 'binary' ? 1 : 3;
    for (const shape of [
      [3, 7, 4],
      [2, 3, 5, 2],
      [1, 1, 1],
    ]) {
      const { logits, labels } = taskCase(task, shape, channels, { ignoreLabel });
      const [got, slope] = tidy(() => {
        const { truth, mask } = targetOf('test', logits, labels[0]!, { task, ignoreLabel });
        const { probabilities, backward } = linkOf(task, true);
        const p = probabilities(logits);
        const weights = channelWeights('test', channels, options);
        const { value, slopes } = lovaszOnDevice({ p, truth, mask }, { classes, perSample, weights });
        return [value, backward(p, slopes)] as [Tensor, Tensor];
      });
      expect(got.dataSync()[0]).toBeCloseTo(lovaszLoss(logits, labels[0]!, options).dataSync()[0]!, 5);
      const wanted = grad((z) => lovaszLoss(z, labels[0]!, options))(logits).dataSync();
      slope.dataSync().forEach((value, i) => {
        expect(value).toBeCloseTo(wanted[i]!, 5);
      });
      dispose([got, slope, logits, ...labels]);
    }
  });

  test('leaves nothing behind', async () => {
    const { logits, labels } = taskCase('multiclass', [2, 3, 2], 3);
    await withoutLeak(() =>
      tidy(() => {
        const { truth, mask } = targetOf('test', logits, labels[0]!, {
          task: 'multiclass',
          ignoreLabel: undefined,
        });
        lovaszOnDevice(
          { p: logits, truth, mask },
          { classes: 'all', perSample: true, weights: [0, 0.5, 0.5] },
        );
      }),
    );
  });
});

test('more pixels than an index counts are refused', async () => {
  await useBackend('cpu');
  const p = zeros([1, 2 ** 24 + 1, 1]);
  const call = () =>
    lovaszOnDevice({ p, truth: p, mask: undefined }, { classes: 'all', perSample: false, weights: [1] });
  expect(call).toThrow(CapabilityError);
  expect(call).toThrow('at most 16777216 pixels at once, not 16777217: use perSample');
});
