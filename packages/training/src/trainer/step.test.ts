import { useFastWasm } from '@sshn/backend-wasm';
import { disposeParams, initialize, namedParams, namedSpecs, Rng, setting } from '@sshn/core';
import { batches } from '@sshn/data';
import { networkOf } from '@sshn/model';
import { sgd } from '@sshn/optim';
import { memory, mul, sqrt, sub } from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { parseRunConfig } from '../config/run-config.js';
import { describeNetwork } from '../methods/network.js';
import { segmentation } from '../tasks/segmentation.js';
import type { Task } from '../tasks/task.js';
import { disks } from '../testing/disks.js';
import { DivergenceError } from './events.js';
import { type StepOptions, trainStep } from './step.js';

beforeAll(() => useFastWasm({ threads: 1 }));

const config = parseRunConfig(
  {
    architecture: { features: 4, stages: 3 },
    hypernetwork: { hidden: [4, 8] },
    knobs: { widthRange: [0.5, 1] },
  },
  'test',
);
const dataset = disks(5, [16, 12]);
const model = networkOf(describeNetwork(config, dataset));
const segmenting = segmentation(config);

/** The loss, and how far plain gradient descent moves each weight from the same start. */
async function stepAt(
  widths: readonly number[],
  also: readonly number[] = [],
  { clipNorm = null, task = segmenting }: Partial<Pick<StepOptions, 'clipNorm' | 'task'>> = {},
) {
  const { value: batch } = await batches(dataset, dataset.ids, { batchSize: 5 })
    [Symbol.asyncIterator]()
    .next();
  const params = initialize(model.specs, Rng.fromSeed(1));
  const before = [...namedParams(params).values()].flatMap((tensor) => [...tensor.dataSync()]);
  const optimizer = sgd();
  const at = (width: number) => setting({ factor: 0.4, width });
  const options = { task, labelCount: 2, stage: task.stage(0), learningRate: 1, step: 0, clipNorm };
  const now = { params, optimizer: optimizer.init(params) };
  const next = await trainStep(model, optimizer, now, batch!, widths.map(at), {
    ...options,
    also: also.map(at),
  });
  const after = [...namedParams(next.params).values()].flatMap((tensor) => [...tensor.dataSync()]);
  for (const tree of [params, next.params]) disposeParams(tree);
  return { loss: next.loss, moves: after.map((value, i) => value - before[i]!) };
}

test('a setting that is trained besides counts as much as those that divide the images', async () => {
  for (const drawn of [[1], [1, 0.75]]) {
    for (const also of [[0.5], [0.5, 0.75]]) {
      const together = await stepAt(drawn, also);
      const apart = [await stepAt(drawn)];
      for (const width of also) apart.push(await stepAt([width]));
      const mean = (values: readonly number[]) =>
        values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(together.loss).toBeCloseTo(mean(apart.map(({ loss }) => loss)), 5);
      expect(Math.abs(apart[0]!.loss - apart[1]!.loss)).toBeGreaterThan(1e-3);
      const means = apart[0]!.moves.map((_, i) => mean(apart.map(({ moves }) => moves[i]!)));
      const largest = Math.max(...means.map(Math.abs));
      expect(largest).toBeGreaterThan(1e-3);
      expect(Math.max(...together.moves.map((move, i) => Math.abs(move - means[i]!)))).toBeLessThan(
        1e-5 * largest + 1e-6,
      );
    }
  }
});

test('gradients are clipped to the norm that is asked for, and smaller ones stay as they are', async () => {
  const { moves } = await stepAt([1]);
  const norm = Math.hypot(...moves);
  for (const share of [0.1, 0.9, 1.5]) {
    const clipped = await stepAt([1], [], { clipNorm: share * norm });
    clipped.moves.forEach((move, i) => {
      expect(Math.abs(move - Math.min(share, 1) * moves[i]!)).toBeLessThan(1e-6 * Math.max(1, norm));
    });
    expect(Math.hypot(...clipped.moves) / norm).toBeCloseTo(Math.min(share, 1), 4);
  }
});

test.each([
  ['infinite', 0, 'the norm of the gradients is'],
  ['too large for their squares', 1e20, 'the norm of the gradients is'],
])('gradients that are %s end the training, and leave nothing behind', async (_, slope, message) => {
  const task: Task = {
    ...segmenting,
    loss: (...given) => {
      const loss = segmenting.loss(...given);
      return slope === 0 ? sqrt(sub(loss, loss)) : mul(loss, slope);
    },
  };
  const params = memory().numTensors;
  await expect(stepAt([1], [], { task, clipNorm: 1 })).rejects.toThrow(message);
  await expect(stepAt([1], [], { task })).rejects.toBeInstanceOf(DivergenceError);
  // Parameters of the two steps, which the failed ones do not own.
  expect(memory().numTensors - params).toBe(2 * [...namedSpecs(model.specs)].length);
});
