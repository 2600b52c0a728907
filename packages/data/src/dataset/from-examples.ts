import { ShapeError, ValueError } from '@sshn/core';
import { checkUnique } from './split.js';
import type { Dataset, Example } from './types.js';

/** What `datasetOf` cannot read off the examples. */
export interface ExamplesOptions {
  readonly name: string;
  readonly labelNames: readonly string[];
}

/**
 * A dataset of examples that are in memory already.
 *
 * @throws {ShapeError} if images and labels differ in size, or examples among each other.
 * @throws {ValueError} if there is no example, an id occurs twice, or a label has no name.
 * @example
 * const dataset = datasetOf(examples, { name: 'mine', labelNames: ['background', 'cell'] });
 */
export function datasetOf(examples: readonly Example[], { name, labelNames }: ExamplesOptions): Dataset {
  const first = examples[0];
  if (first === undefined) {
    throw new ValueError({ where: 'datasetOf: examples', got: examples, expected: 'at least one example' });
  }
  checkUnique(
    'datasetOf',
    examples.map(({ id }) => id),
  );
  const { size, channels } = first.image;
  for (const example of examples) checkExample(example, size, channels, labelNames.length);
  const byId = new Map(examples.map((example) => [example.id, example]));
  return {
    name,
    ids: [...byId.keys()],
    channels,
    size,
    labelNames,
    load: async (id) => byId.get(id) ?? unknownId(name, id),
  };
}

/** @throws {ValueError} always: a dataset was asked for an id that it does not have. */
export function unknownId(name: string, id: string): never {
  throw new ValueError({ where: `dataset '${name}'`, got: id, expected: "one of the dataset's ids" });
}

function checkExample(
  { id, image, labels }: Example,
  size: readonly number[],
  channels: number,
  labelCount: number,
): void {
  const shape = [...size, channels];
  const pixels = size.reduce((product, n) => product * n, 1);
  if ([...image.size, image.channels].join() !== shape.join() || image.values.length !== pixels * channels) {
    throw new ShapeError({
      where: `datasetOf: image '${id}'`,
      got: [...image.size, image.channels],
      expected: `[${shape.join(', ')}] with as many values`,
    });
  }
  if (labels.size.join() !== size.join() || labels.values.length !== pixels) {
    throw new ShapeError({
      where: `datasetOf: labels of '${id}'`,
      got: labels.size,
      expected: `[${size.join(', ')}] with as many values`,
    });
  }
  const unnamed = labels.values.find((label) => label >= labelCount);
  if (unnamed !== undefined) {
    throw new ValueError({
      where: `datasetOf: labels of '${id}'`,
      got: unnamed,
      expected: `values below ${labelCount}, the number of label names`,
    });
  }
}

/**
 * The same dataset, every example kept in memory once it is loaded; a load that fails is tried again the next time.
 *
 * An example takes `pixels · (4 · channels + 1)` bytes: 400 RGB images of 128×128 take 85 MB.
 *
 * @example
 * const phantoms = cacheDataset(generatePhantoms({ kind: 'cells', count: 200, size: [128, 128], seed: 1 }));
 */
export function cacheDataset<Kind extends Dataset>(dataset: Kind): Kind {
  const loaded = new Map<string, Promise<Example>>();
  const load = (id: string): Promise<Example> => {
    const known = loaded.get(id);
    if (known !== undefined) return known;
    const loading = dataset.load(id);
    loaded.set(id, loading);
    loading.catch(() => loaded.delete(id));
    return loading;
  };
  return { ...dataset, load };
}
