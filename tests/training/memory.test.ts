import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { useFastWasm } from '@sshn/backend-wasm';
import { Rng } from '@sshn/core';
import { generatePhantoms, splitIds } from '@sshn/data';
import { parseRunConfig, Trainer } from '@sshn/training';
import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';

// Garbage is not a leak: it goes before memory is read.
setFlagsFromString('--expose_gc');
const collectGarbage: () => void = runInNewContext('gc');

// Kernels of so small images gain nothing by threads, which wait for each other on a busy machine.
beforeAll(() => useFastWasm({ threads: 1 }));

/** Steps whose memory is read: collecting garbage takes longer than a step. */
const isRead = (step: number) => step % 5 === 0 && ((step > 50 && step <= 100) || step > 200);

test.each([
  ['fixed', 'cells', [32, 32]],
  ['film', 'cells', [32, 32]],
  ['sshn', 'cells', [32, 32]],
  ['sshn', 'blobs', [10, 12, 14]],
] as const)(
  '200 steps of %s on %s of size %j leave memory flat',
  { timeout: 120_000 },
  async (method, kind, size) => {
    const dataset = generatePhantoms({ kind, count: 40, size, seed: 1 });
    const config = parseRunConfig(
      {
        method,
        architecture: { features: 8 },
        hypernetwork: { hidden: [4, 16] },
        epochs: 20,
        batchSize: 2,
        augmentation: { rotationDegrees: 10, elastic: { strength: 1, spacing: 8 } },
        validation: { every: 100 },
      },
      'memory test',
    );
    using trainer = new Trainer({ config, dataset, split: splitIds(dataset.ids, Rng.fromSeed(1)) });
    const tensors: number[] = [];
    const [early, late]: [number[], number[]] = [[], []];
    for await (const event of trainer.run()) {
      if (event.kind !== 'step') continue;
      tensors.push(memory().numTensors);
      if (isRead(tensors.length)) {
        collectGarbage();
        (tensors.length > 200 ? late : early).push(process.memoryUsage.rss());
      }
      if (tensors.length === 250) break;
    }
    // Caches fill and code is compiled during the first steps; from the fiftieth on, nothing may be added.
    expect(new Set(tensors.slice(50)).size).toBe(1);
    const growth = median(late) - median(early);
    expect(growth / 2 ** 20).toBeLessThan(16);
  },
);

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
