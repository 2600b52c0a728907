import { Rng, requireIntegers, ShapeError } from '@sshn/core';
import type { PairExample } from '../pairs/pairs.js';
import { drawPatches, type PatchOptions } from './patches.js';
import type { Batch, Dataset, Example } from './types.js';

/** How to walk through a dataset. */
export interface BatchOptions {
  readonly batchSize: number;
  /** Shuffles the ids; is not advanced, so the same generator gives the same order again. @default the order of `ids` */
  readonly order?: Rng;
  /**
   * Draws patches from every example, which take its place: `batchSize` counts them, and those of an image follow each other.
   * Which they are depends on `order` and the image's position alone; without `order` they are the same in every pass.
   *
   * @default whole examples
   */
  readonly patches?: PatchOptions;
  /**
   * Applied to every example or patch, all of a batch at once. Its generator is split off `order` by the example's position, so a result depends on
   * neither timing nor batch size; without `order` it is the same in every pass.
   */
  readonly transform?: (example: Example, rng: Rng) => Example | Promise<Example>;
  /** How many whole batches are loaded ahead of the one in use; 0 loads each when it is asked for. @default 2 */
  readonly prefetch?: number;
  /** The first batch to give: those before it are not loaded. The others are as they were. @default 0 */
  readonly first?: number;
  /** Whether a last batch of fewer than `batchSize` is left out. @default false */
  readonly dropLast?: boolean;
  /** Ends the iteration with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Stacks examples into batches, loading whole batches ahead of their use.
 *
 * What comes out depends on the arguments alone, not on how long a file takes to load. A load that fails throws at the
 * batch it belongs to, with the error it had; leaving the loop early starts no more loads.
 *
 * @throws {ValueError} if `batchSize` is not positive, or `prefetch` or `first` is negative.
 * @throws {ShapeError} while iterating, if an example has another size or channel count than the first of its batch; else as
 * `drawPatches`.
 * @example
 * for await (const { images, labels, shape } of batches(dataset, split.train, { batchSize: 4, order: rng })) { … }
 */
export function batches(
  dataset: Pick<Dataset, 'load'>,
  ids: readonly string[],
  options: BatchOptions,
): AsyncGenerator<Batch, void, void> {
  const { batchSize, prefetch = 2, first = 0 } = options;
  requireIntegers('batches', { batchSize });
  requireIntegers('batches', { prefetch, first }, 0);
  return iterate(dataset, ids, { ...options, prefetch, first });
}

async function* iterate(
  dataset: Pick<Dataset, 'load'>,
  ids: readonly string[],
  options: BatchOptions & { readonly prefetch: number; readonly first: number },
): AsyncGenerator<Batch, void, void> {
  const { batchSize, order, transform, patches, prefetch, first, dropLast = false, signal } = options;
  const ordered = order === undefined ? ids : order.split('order').shuffle(ids);
  const draws = order ?? Rng.fromSeed(0);
  const perImage = patches?.perImage ?? 1;
  const total = ids.length * perImage;
  const count = dropLast ? Math.floor(total / batchSize) : Math.ceil(total / batchSize);

  // Images that give patches are large, so they are loaded one after the other; each once, even where its patches are in two batches.
  let newest: { readonly index: number; readonly patches: Promise<readonly Example[]> } | undefined;
  const patchesOf = (index: number): Promise<readonly Example[]> => {
    if (newest?.index === index) return newest.patches;
    const before = newest?.patches.catch(() => {}) ?? Promise.resolve();
    const loading = before
      .then(() => dataset.load(ordered[index]!))
      .then((example) => drawPatches(example, patches!, draws.split('patches').split(index)));
    newest = { index, patches: loading };
    return loading;
  };
  const loadOne = async (position: number): Promise<Example> => {
    const example =
      patches === undefined
        ? await dataset.load(ordered[position]!)
        : (await patchesOf(Math.floor(position / perImage)))[position % perImage]!;
    return transform === undefined ? example : transform(example, draws.split('transform').split(position));
  };
  const loadBatch = async (index: number): Promise<Batch> => {
    const start = index * batchSize;
    const length = Math.min(batchSize, total - start);
    return stack(await Promise.all(Array.from({ length }, (_, i) => loadOne(start + i))));
  };

  const ahead: Array<Promise<Batch>> = [];
  let next = first;
  for (let index = first; index < count; index++) {
    signal?.throwIfAborted();
    while (next < count && next <= index + prefetch) {
      const loading = loadBatch(next++);
      // A failure is thrown where its batch is due; until then it must not count as unhandled.
      loading.catch(() => {});
      ahead.push(loading);
    }
    yield await unlessAborted(ahead.shift()!, signal);
  }
}

/**
 * Stacks examples of one size and channel count.
 *
 * @throws {ShapeError} naming the example that differs from the first.
 */
export function stack(examples: readonly Example[]): Batch {
  const { size, channels, values } = examples[0]!.image;
  const pixels = values.length / channels;
  const images = new Float32Array(examples.length * values.length);
  const labels = new Int32Array(examples.length * pixels);
  examples.forEach((example, i) => {
    const got = [...example.image.size, example.image.channels];
    if (got.join() !== [...size, channels].join()) {
      throw new ShapeError({
        where: `batches: '${example.id}'`,
        got,
        expected: `[${[...size, channels].join(', ')}] as '${examples[0]!.id}' has`,
        hint: 'Bring all images to one size first.',
      });
    }
    images.set(example.image.values, i * values.length);
    labels.set(example.labels.values, i * pixels);
  });
  const moving = examples.flatMap((example) => ('movingLabels' in example ? [example as PairExample] : []));
  const movingLabels = new Int32Array(moving.length * pixels);
  moving.forEach((pair, i) => {
    movingLabels.set(pair.movingLabels.values, i * pixels);
  });
  return {
    ids: examples.map(({ id }) => id),
    images,
    labels,
    ...(moving.length === examples.length ? { movingLabels } : {}),
    shape: [examples.length, ...size, channels],
  };
}

/** The promise's result, or the signal's reason as soon as it aborts. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
