import { availableParallelism } from 'node:os';
import { type Rng, type RngState, requireIntegers } from '@sshn/core';
import { augment } from '../augmentation/augment.js';
import type { AugmentConfig } from '../augmentation/config.js';
import type { Example } from '../dataset/types.js';
import { startWorkers } from './workers.js';

/** Worker threads that augment images. */
export interface AugmentThreads {
  /** What `augment(config)` gives, bit by bit, for `batches({ transform })`. Rejects with the error that `augment` throws. */
  readonly transform: (example: Example, rng: Rng) => Promise<Example>;
  /** How many threads work, known as soon as each has started or failed to. */
  readonly started: Promise<number>;
  /** Ends the threads; images that are still worked on are rejected. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/**
 * Augments in worker threads, beside the training step on the main thread.
 *
 * Results depend on the image, the configuration and the generator alone: they are the same for any number of threads, and on the
 * main thread. That does the work where there is no thread: with `threads` 0, until they have started, where one has died, and
 * where the package lies within a bundle, which has no file for a thread to load.
 *
 * @param options.threads @default 1; 0 if there is one core only, or nothing to augment
 * @throws {OptionError} or {ValueError} as `augment` does, or if `threads` is no integer of at least 0.
 * @example
 * using threads = augmentInThreads({ rotationDegrees: 15, noise: 0.02 });
 * for await (const batch of batches(dataset, ids, { batchSize: 4, order: rng, transform: threads.transform })) { … }
 */
export function augmentInThreads(
  config: AugmentConfig,
  { threads = availableParallelism() > 1 ? 1 : 0 }: { readonly threads?: number } = {},
): AugmentThreads {
  requireIntegers('augmentInThreads', { threads }, 0);
  const here = augment(config);
  const workers = startWorkers<{ readonly example: Example; readonly state: RngState }, Example>(
    Object.keys(config).length === 0 ? 0 : threads,
    {
      program: `({ augment }, { Rng }, config) => {
        const transform = augment(config);
        return ({ example, state }) => transform(example, Rng.fromState(state));
      }`,
      given: config,
      ended: 'The threads that augment images were ended.',
    },
  );
  const { started, dispose } = workers;
  // What a thread could not do is done here, which throws the error as it is thrown without threads.
  const transform = async (example: Example, rng: Rng): Promise<Example> =>
    (await workers.ask({ example, state: rng.state() })) ?? here(example, rng);
  return { transform, started, dispose, [Symbol.dispose]: dispose };
}
