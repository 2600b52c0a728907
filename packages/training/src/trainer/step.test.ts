import { useFastWasm } from '@sshn/backend-wasm';
import { disposeParams, initialize, namedParams, Rng, setting } from '@sshn/core';
import { batches } from '@sshn/data';
import { networkOf } from '@sshn/model';
import { sgd } from '@sshn/optim';
import { beforeAll, expect, test } from 'vitest';
import { parseRunConfig } from '../config/run-config.js';
import { describeNetwork } from '../methods/network.js';
import { segmentation } from '../tasks/segmentation.js';
import { disks } from '../testing/disks.js';
import { trainStep } from './step.js';

beforeAll(() => useFastWasm({ threads: 1 }));

test('a setting that is trained besides counts as much as those that divide the images', async () => {
  const dataset = disks(5, [16, 12]);
  const config = parseRunConfig(
    {
      architecture: { features: 4, stages: 3 },
      hypernetwork: { hidden: [4, 8] },
      knobs: { widthRange: [0.5, 1] },
    },
    'test',
  );
  const model = networkOf(describeNetwork(config, dataset));
  const task = segmentation(config);
  const { value: batch } = await batches(dataset, dataset.ids, { batchSize: 5 })
    [Symbol.asyncIterator]()
    .next();

  /** The loss, and how far plain gradient descent moves each weight from the same start. */
  const stepAt = async (...[settings, ...also]: [number[], ...number[]]) => {
    const params = initialize(model.specs, Rng.fromSeed(1));
    const before = [...namedParams(params).values()].flatMap((tensor) => [...tensor.dataSync()]);
    const optimizer = sgd();
    const at = (width: number) => setting({ factor: 0.4, width });
    const options = { task, labelCount: 2, stage: task.stage(0), learningRate: 1, step: 0, clipNorm: null };
    const next = await trainStep(
      model,
      optimizer,
      { params, optimizer: optimizer.init(params) },
      batch!,
      settings.map(at),
      { ...options, also: also.map(at) },
    );
    const after = [...namedParams(next.params).values()].flatMap((tensor) => [...tensor.dataSync()]);
    disposeParams(next.params);
    return { loss: next.loss, moves: after.map((value, i) => value - before[i]!) };
  };

  for (const drawn of [[1], [1, 0.75]]) {
    for (const also of [[0.5], [0.5, 0.75]]) {
      const together = await stepAt(drawn, ...also);
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
