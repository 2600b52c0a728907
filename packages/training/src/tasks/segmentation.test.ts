import { initialize, namedParams, paramTree, Rng, setting } from '@sshn/core';
import { crossEntropy } from '@sshn/losses';
import { networkOf } from '@sshn/model';
import { valueAndGradients } from '@sshn/ops';
import { useBackend, withoutLeak } from '@sshn-internal/testing';
import { dispose, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseRunConfig } from '../config/run-config.js';
import { describeNetwork } from '../methods/network.js';
import { supervisedLoss } from './segmentation.js';

beforeAll(() => useBackend('wasm'));

const shape = [2, 9, 7, 1];
const rng = Rng.fromSeed(4);
const batch = {
  shape,
  images: Float32Array.from({ length: 126 }, () => rng.normal()),
  labels: Int32Array.from({ length: 126 }, () => Math.floor(rng.uniform(0, 3))),
};
const at = setting([0.5, 0.3]);

function make(architecture: object) {
  const config = parseRunConfig(
    { rescaling: 'separate', architecture: { features: 4, stages: 3, ...architecture } },
    'test',
  );
  const space = { size: [9, 7], channels: 1, labelNames: ['background', 'a', 'b'] };
  const model = networkOf(describeNetwork(config, space));
  return { model, params: initialize(model.specs, Rng.fromSeed(1)) };
}

/** Each pixel of the new size takes the label at its center. */
const labelsAt = ([height, width]: number[]) =>
  [0, 1].flatMap((map) =>
    Array.from({ length: height! * width! }, (_, i) => {
      const y = Math.floor(((Math.floor(i / width!) + 0.5) * 9) / height!);
      const x = Math.floor((((i % width!) + 0.5) * 7) / width!);
      return batch.labels[map * 63 + y * 7 + x]!;
    }),
  );

const read = (t: Tensor) => t.dataSync()[0]!;

describe('supervisedLoss', () => {
  test('of one prediction is its loss', async () => {
    const { model, params } = make({});
    const images = tensor(batch.images, [2, 9, 7, 1]);
    const labels = tensor(batch.labels, [2, 9, 7], 'int32');
    const loss = supervisedLoss(model, params, images, batch, at, crossEntropy);
    expect(read(loss)).toBeCloseTo(read(crossEntropy(model.apply(params, images, at), labels)), 6);
  });

  test.each(['unet', 'fpn'])(
    'of a deeply supervised %s adds halves, quarters, … of the others',
    async (name) => {
      const { model, params } = make({ name, deepSupervision: true });
      const images = tensor(batch.images, [2, 9, 7, 1]);
      const weights = model.specialize(params, at);
      const predictions = model.network.outputs!.apply(weights, images, at);
      expect(predictions.length).toBeGreaterThanOrEqual(3);
      const expected = predictions.reduce((sum, logits, i) => {
        const size = logits.shape.slice(1, -1);
        const labels = tensor(labelsAt(size), [2, ...size], 'int32');
        return sum + read(crossEntropy(logits, labels)) / 2 ** i;
      }, 0);
      expect(read(supervisedLoss(model, params, images, batch, at, crossEntropy))).toBeCloseTo(expected, 5);
    },
  );

  test('reaches the weights of every head, and keeps nothing', async () => {
    const { model, params } = make({ name: 'fpn' });
    const images = tensor(batch.images, [2, 9, 7, 1]);
    await withoutLeak(() => {
      const { value, gradients } = valueAndGradients(paramTree(model.specs, namedParams(params)), (tree) =>
        supervisedLoss(model, tree, images, batch, at, crossEntropy),
      );
      const heads = [...namedParams(gradients)].filter(
        ([path]) => path.includes('heads.') && path.includes('kernel'),
      );
      expect(heads.length).toBeGreaterThan(0);
      for (const [, gradient] of heads)
        expect(Math.max(...gradient.dataSync().map(Math.abs))).toBeGreaterThan(0);
      dispose([value, ...namedParams(gradients).values()]);
    });
  });
});
