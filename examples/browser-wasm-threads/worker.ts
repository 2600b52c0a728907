// Everything with tensors is done here, so that the page stays quick; and only a Worker may sleep while its threads work.
import { useFastWasm } from '@sshn/backend-wasm';
import { Rng } from '@sshn/core';
import { cacheDataset, generatePhantoms, splitIds } from '@sshn/data';
import { parseRunConfig, Trainer } from '@sshn/training';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm';
import type { Message, Task } from './messages.js';

const wasmPaths = {
  'tfjs-backend-wasm.wasm': plain,
  'tfjs-backend-wasm-simd.wasm': simd,
  'tfjs-backend-wasm-threaded-simd.wasm': threaded,
};
/** The first warms up, the others are timed. */
const epochs = 3;

const tell = (message: Message) => postMessage(message);

addEventListener('message', ({ data }: MessageEvent<Task>) => {
  compare(data).then(
    () => tell({ kind: 'finished' }),
    (error: unknown) =>
      tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
});

async function compare({ images, edge, features }: Task): Promise<void> {
  // 1. As many threads as there are cores. Memory is shared from the start or never, so the largest number comes first.
  const status = await useFastWasm({ wasmPaths });
  const { threads, limits } = status;
  tell({ kind: 'started', threads, simd: String(status.simd), limits });

  const dataset = cacheDataset(
    generatePhantoms({ kind: 'cells', count: images, size: [edge, edge], seed: 1 }),
  );
  const split = splitIds(dataset.ids, Rng.fromSeed(1));
  const config = parseRunConfig(
    { architecture: { features, stages: 4 }, epochs, validation: { every: epochs, factors: [0.5] }, seed: 1 },
    'worker.ts',
  );

  // 2. The same training from the same seed: with all threads, half of them … and with one.
  const counts = [threads];
  while (counts.at(-1)! > 1) counts.push(Math.floor(counts.at(-1)! / 2));
  for (const [round, count] of counts.entries()) {
    if (round > 0) await useFastWasm({ threads: count });
    using trainer = new Trainer({ config, dataset, split });
    let [began, steps, loss] = [Number.NaN, 0, Number.NaN];
    for await (const event of trainer.run()) {
      if (event.kind !== 'step') continue;
      const done = (event.epoch + (event.step + 1) / event.steps) / epochs;
      tell({ kind: 'progress', done: (round + done) / counts.length });
      loss = event.loss;
      if (event.epoch === 0) began = performance.now();
      else steps++;
      if (event.epoch === epochs - 1 && event.step === event.steps - 1)
        tell({ kind: 'trained', threads: count, milliseconds: (performance.now() - began) / steps, loss });
    }
  }
}
