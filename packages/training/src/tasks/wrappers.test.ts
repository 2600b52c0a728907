import { cacheDataset, type Dataset, type Example, type PairExample, pairDataset } from '@sshn/data';
import { useBackend } from '@sshn-internal/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { alignedDataset } from './align.js';
import { prepareDataset } from './of-config.js';

// Whatever is made of a dataset on its way to a network says the same of labels, spacing and intensities as the files did.

const described = {
  name: 'scans',
  size: [2, 3],
  labelNames: ['background', 'left', 'right'],
  labelValues: [0, 17, 53],
  labelColors: [undefined, [220, 216, 20], [220, 216, 21]],
} as const;

const plain: Dataset = {
  ...described,
  ids: ['a', 'b'],
  channels: 1,
  subjectOf: (id) => `patient of ${id}`,
  load: async (id): Promise<Example> => ({
    id,
    image: {
      values: Float32Array.from([0, 1, 2, 3, 4, 5], (x) => (id === 'a' ? x : 10 * x)),
      size: [2, 3],
      channels: 1,
      intensities: 'hounsfield',
    },
    labels: { values: Uint8Array.of(0, 0, 1, 1, 2, id === 'a' ? 2 : 0), size: [2, 3] },
    spacingMm: [0.8, 1.25],
  }),
};

const config = { intensity: { kind: 'minMax' } } as const;
const identity = [
  [1, 0, 0],
  [0, 1, 0],
];
const pairs = (of: Dataset) => pairDataset(of, [{ moving: 'b', fixed: 'a' }]);
const aligned = (of: Dataset) =>
  alignedDataset(
    of,
    {
      reference: { size: [2, 3], spacingMm: [0.8, 1.25] } as never,
      matrices: { a: identity, b: identity },
      toFirst: {},
    },
    (id) => id,
  );

const wrappers: Record<string, (of: Dataset) => Dataset> = {
  cacheDataset,
  prepareDataset: (of) => prepareDataset(of, config),
  alignedDataset: aligned,
  pairDataset: pairs,
  'pairs of aligned images, normalized and kept': (of) =>
    cacheDataset(prepareDataset(pairs(aligned(of)), config)),
};

describe.each(Object.entries(wrappers))('%s', (_, wrap) => {
  beforeAll(() => useBackend('cpu'));
  const wrapped = wrap(plain);
  const isOfPairs = wrapped.channels === 2;

  test('says the same of the labels and the images', async () => {
    expect(wrapped).toMatchObject(described);
    const example = await wrapped.load(wrapped.ids[0]!);
    const original = await plain.load('a');
    expect(example.id).toBe(wrapped.ids[0]);
    expect(example.labels).toEqual(original.labels);
    expect(example.spacingMm).toEqual(original.spacingMm);
    expect(example.image.intensities).toBe('hounsfield');
    if (isOfPairs) expect((example as PairExample).movingLabels).toEqual((await plain.load('b')).labels);
  });

  test('knows whom an example is of, unless it is of two', () => {
    expect(wrapped.subjectOf?.('a')).toBe(isOfPairs ? undefined : 'patient of a');
  });
});
