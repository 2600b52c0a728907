// Augments a small dataset in so many threads as the argument says, and prints a digest of the batches and what else happens there.
import { createHash } from 'node:crypto';
import { Rng, ValueError } from '@sshn/core';
import { type AugmentConfig, batches, generatePhantoms } from '@sshn/data';
import { augmentInThreads } from '@sshn/data/node';

const config: AugmentConfig = {
  flip: ['width'],
  rotationDegrees: 20,
  elastic: { strength: 2, spacing: 16 },
  gamma: 0.3,
  noise: 0.05,
};
const dataset = generatePhantoms({ kind: 'cells', count: 12, size: [40, 31], seed: 1 });

for (const threads of [0, 2]) {
  const augmented = augmentInThreads(config, { threads });
  const started = await augmented.started;
  const digests: string[] = [];
  // The second walk goes on from the third batch, as after a checkpoint.
  for (const first of [0, 2]) {
    const options = { batchSize: 3, order: Rng.fromSeed(4), first, transform: augmented.transform };
    for await (const { images, labels } of batches(dataset, dataset.ids, options)) {
      digests.push(createHash('sha256').update(images).update(labels).digest('hex'));
    }
  }
  const example = await dataset.load(dataset.ids[0]!);
  const pending = augmented.transform(example, Rng.fromSeed(1)).then(
    () => 'done',
    (error: Error) => error.message,
  );
  augmented.dispose();
  const after = await augmented.transform(example, Rng.fromSeed(1));
  const rest = { pending: await pending, after: after.labels.values.length };
  console.log(JSON.stringify({ threads, started, digests, ...rest }));
}

// Neither is ended: a thread that has nothing to do, or never had, keeps no process from ending.
await augmentInThreads(config, { threads: 1 }).started;
const refusing = augmentInThreads({ flip: ['depth'] }, { threads: 1 });
await refusing.started;
const plane = await dataset.load(dataset.ids[0]!);
const error: unknown = await refusing.transform(plane, Rng.fromSeed(1)).catch((thrown: unknown) => thrown);
console.log(JSON.stringify({ isTyped: error instanceof ValueError, message: String(error) }));
