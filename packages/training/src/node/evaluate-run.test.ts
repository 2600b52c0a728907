import { fileURLToPath } from 'node:url';
import { disposeParams, initialize, mapParams, Rng, setting } from '@sshn/core';
import { diceScore, predictLabels, summarizeScores } from '@sshn/losses';
import { useBackend, withoutLeak } from '@sshn-internal/testing';
import { dispose, mul, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { disks } from '../testing/disks.js';
import { evaluateRun, loadRun } from './index.js';

beforeAll(() => useBackend('cpu'));

test('weights of one factor run at others, as by hand', async () => {
  const dataset = disks(8, [8, 8]);
  const trained = await loadRun(fileURLToPath(new URL('../testing/old-run', import.meta.url)));
  // Untrained and large, so that labels depend on what the weights are of.
  const random = initialize(trained.model.specs, Rng.fromSeed(5));
  const params = mapParams(random, (one, path) => mul(one, path.includes('heads') ? 20 : 1));
  disposeParams(random);
  const run = { ...trained, params };
  const prepared = await run.prepare((await run.match(dataset)).dataset);
  const { train } = run.split(dataset);
  const weights = run.model.specialize(run.params, setting(0));
  const byHand = async (factor: number) => {
    const scores = await Promise.all(
      train.map(async (id) => {
        const { image, labels } = await prepared.load(id);
        const predicted = tidy(() => {
          const x = tensor(image.values, [1, 8, 8, image.channels]);
          return predictLabels(run.model.network.apply(weights, x, setting(factor))).dataSync<'int32'>();
        });
        return diceScore(Int32Array.from(predicted), Int32Array.from(labels.values), { labels: 2 });
      }),
    );
    return summarizeScores(scores).mean;
  };
  const factors = [0, 0.25, 0.5];
  const options = { factors, split: 'train', isTimed: false } as const;
  const got = await withoutLeak(() => evaluateRun(run, dataset, { ...options, weightsOf: 0 }));
  for (const { factor, dice } of got) expect(dice).toBeCloseTo(await byHand(factor), 9);
  const own = await evaluateRun(run, dataset, options);
  expect(got[0]!.dice).toBe(own[0]!.dice);
  expect(got.map(({ gflops }) => gflops)).toEqual(own.map(({ gflops }) => gflops));
  // Weights follow the factor: at another one they are others.
  expect(got.map(({ dice }) => dice)).not.toEqual(own.map(({ dice }) => dice));
  await expect(evaluateRun(run, dataset, { ...options, weightsOf: 2 })).rejects.toThrow(/factor in \[0, 1\]/);
  dispose(weights as Tensor[]);
  disposeParams(params);
  trained.dispose();
});
