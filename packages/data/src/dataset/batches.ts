import type { Rng } from '@sshn/core';
import type { Batch, Dataset, Example } from './types.js';

/** How to walk through a dataset. */
export interface BatchOptions {
  readonly batchSize: number;
  /** Shuffles the ids. @default none: the order of `ids` */
  readonly order?: Rng;
  /** Applied to every example, with a generator of its own split off `order` (needed then) by position. */
  readonly transform?: (example: Example, rng: Rng) => Example;
  /** How many batches are loaded ahead of the one in use. @default 2 */
  readonly prefetch?: number;
  /** Whether a last batch smaller than `batchSize` is left out. @default false */
  readonly dropLast?: boolean;
  /** Ends the iteration with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Batches of examples, loaded ahead. */
export async function* batches(
  _dataset: Dataset,
  _ids: readonly string[],
  _options: BatchOptions,
): AsyncGenerator<Batch, void, void> {
  throw new Error('internal: being written');
}
