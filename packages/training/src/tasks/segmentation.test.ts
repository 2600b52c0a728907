import { initialize, namedParams, paramTree, Rng, setting } from '@sshn/core';
import { crossEntropy, softDiceLoss } from '@sshn/losses';
import { networkOf } from '@sshn/model';
import { valueAndGradients } from '@sshn/ops';
import { useBackend, withoutLeak } from '@sshn-internal/testing';
import {
  add,
  dispose,
  mul,
  type Scalar,
  slice,
  softmax,
  type Tensor,
  tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseRunConfig } from '../config/run-config.js';
import { describeNetwork } from '../methods/network.js';
import { predictionsOf, segmentation, supervisedLoss } from './segmentation.js';
import type { Stage, StepPart } from './task.js';

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
    const loss = supervisedLoss(predictionsOf(model, params, { images, at }), batch, crossEntropy);
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
      expect(
        read(supervisedLoss(predictionsOf(model, params, { images, at }), batch, crossEntropy)),
      ).toBeCloseTo(expected, 5);
    },
  );

  test('reaches the weights of every head, and keeps nothing', async () => {
    const { model, params } = make({ name: 'fpn' });
    const images = tensor(batch.images, [2, 9, 7, 1]);
    await withoutLeak(() => {
      const { value, gradients } = valueAndGradients(paramTree(model.specs, namedParams(params)), (tree) =>
        supervisedLoss(predictionsOf(model, tree, { images, at }), batch, crossEntropy),
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

describe('distillation', () => {
  const knobs = { widthRange: [0.5, 1], alsoLargest: true };
  const make = (distillation: number, architecture: object = {}) => {
    const config = parseRunConfig(
      {
        architecture: { features: 4, stages: 3, ...architecture },
        knobs: { ...knobs, distillation },
        loss: { crossEntropyWeight: 0 },
      },
      'test',
    );
    const space = { size: [9, 7], channels: 1, labelNames: ['background', 'a', 'b'] };
    const model = networkOf(describeNetwork(config, space));
    return { task: segmentation(config), model, params: initialize(model.specs, Rng.fromSeed(1)) };
  };
  const images = () => tensor(batch.images, [2, 9, 7, 1]);
  /** Each image at a width of its own, then both at the smallest, then both at the whole network. */
  const partsOf = (stage: Stage): StepPart[] => {
    const one = (i: number): Pick<StepPart, 'images' | 'batch'> => ({
      images: slice(images(), i, 1),
      batch: {
        ids: [`${i}`],
        shape: [1, 9, 7, 1],
        images: batch.images.subarray(i * 63, i * 63 + 63),
        labels: batch.labels.subarray(i * 63, i * 63 + 63),
      },
    });
    const both = { images: images(), batch: { ...batch, ids: ['0', '1'] } };
    const at = (width: number) => setting({ factor: 0.4, width });
    return [
      { ...one(0), first: 0, at: at(0.75) },
      { ...one(1), first: 1, at: at(0.6) },
      { ...both, first: 0, at: at(0.5) },
      { ...both, first: 0, at: at(1) },
    ].map((part) => ({ ...part, labelCount: 3, stage }));
  };
  const first: Stage = { phase: 'crossEntropy', isLast: false };
  const last: Stage = { phase: 'softDice', isLast: true };

  test.each([
    [0.5, first],
    [0.3, last],
    [1, last],
  ])(
    'with a share of %d: half the whole network, half the mean over images of the others',
    (share, stage) => {
      const { task, model, params } = make(share);
      const parts = partsOf(stage);
      const lossOf = stage.isLast ? softDiceLoss : crossEntropy;
      const logits = parts.map(({ images, at }) => model.apply(params, images, at));
      const soft = softmax(logits[3]!);
      const own = parts.map(({ batch: { labels, shape } }, i) =>
        read(lossOf(logits[i]!, tensor(labels, shape.slice(0, -1), 'int32'))),
      );
      const told = [slice(soft, 0, 1), slice(soft, 1, 1), soft].map((p, i) => {
        const [z, q] = [logits[i]!.dataSync(), p.dataSync()];
        let sum = 0;
        for (let at = 0; at < z.length; at += 3) {
          const total = Math.log([0, 1, 2].reduce((sum, l) => sum + Math.exp(z[at + l]!), 0));
          for (let l = 0; l < 3; l++) sum += q[at + l]! * (total - z[at + l]!);
        }
        return sum / (z.length / 3);
      });
      const others = [0, 1, 2].map((i) => (1 - share) * own[i]! + share * told[i]!);
      const expected = own[3]! / 2 + (others[0]! + others[1]! + 2 * others[2]!) / 8;
      expect(read(task.loss(model, params, parts))).toBeCloseTo(expected, 5);
    },
  );

  test('what the whole network predicts counts as given: it learns from the labels alone', () => {
    const { task, model, params } = make(1);
    const parts = partsOf(last);
    // A share of 1: labels reach the weights by the whole network alone, and the others only by its probabilities.
    const gradientOf = (of: typeof parts) =>
      tidy(() => {
        const { gradients } = valueAndGradients(params, (tree) => task.loss(model, tree, of));
        return [...namedParams(gradients).values()].flatMap((each) => [...each.dataSync()]);
      });
    const probabilities = softmax(model.apply(params, parts[3]!.images, parts[3]!.at));
    const alone = tidy(() => {
      const { gradients } = valueAndGradients(params, (tree) => {
        const told = crossEntropy(model.apply(tree, parts[2]!.images, parts[2]!.at), probabilities);
        return mul<Scalar>(add(told, task.loss(model, tree, [parts[3]!])), 0.5);
      });
      return [...namedParams(gradients).values()].flatMap((each) => [...each.dataSync()]);
    });
    const together = gradientOf(parts.slice(2));
    const largest = Math.max(...alone.map(Math.abs));
    expect(largest).toBeGreaterThan(1e-3);
    expect(Math.max(...together.map((value, i) => Math.abs(value - alone[i]!)))).toBeLessThan(1e-5 * largest);
  });

  test('deeply supervised networks teach by their prediction at full size', () => {
    const { task, model, params } = make(1, { name: 'fpn', deepSupervision: true });
    const parts = partsOf(first).slice(2);
    const [student, whole] = parts.map(({ images, at }) => model.apply(params, images, at)) as [
      Tensor,
      Tensor,
    ];
    const told = read(crossEntropy(student, softmax(whole)));
    const own = read(task.loss(model, params, [parts[1]!]));
    expect(read(task.loss(model, params, parts))).toBeCloseTo((told + own) / 2, 5);
  });
});
