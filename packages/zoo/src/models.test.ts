import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { useFastWasm } from '@sshn/backend-wasm';
import { OptionError, ValueError } from '@sshn/core';
import type { Example } from '@sshn/data';
import { diceScore } from '@sshn/losses';
import { pictureOf, Registrar, Segmenter } from '@sshn/predict';
import { openModel } from '@sshn/predict/node';
import { warpLabels } from '@sshn/registration';
import { dispose, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { isModelName, type ModelName, modelNames, modelPhantoms, modelUrl } from './index.js';
import { modelPath } from './node/index.js';

/** Seen by no training. */
const seed = 99;

async function phantoms(name: ModelName, count: number): Promise<readonly Example[]> {
  const dataset = modelPhantoms(name, { count, seed });
  return Promise.all(dataset.ids.map((id) => dataset.load(id)));
}

beforeAll(() => useFastWasm({ threads: 1 }));

const meanOf = (scores: readonly number[]): number => {
  const known = scores.filter((score) => !Number.isNaN(score));
  return known.reduce((sum, score) => sum + score, 0) / known.length;
};

/** Mean foreground Dice of a model at a factor, on images that it has not seen. */
async function diceOf(model: Segmenter, examples: readonly Example[], factor: number): Promise<number> {
  const scores: number[] = [];
  for (const { image, labels } of examples) {
    const found = await model.predict(image, { factor });
    scores.push(diceScore(found.labels.data, labels.values, { labels: model.manifest.labels.length }).mean);
  }
  return meanOf(scores);
}

const tableOf = ({ manifest }: Pick<Segmenter, 'manifest'>, factor: number): number =>
  manifest.accuracyCost.find((point) => point.factor === factor)!.dice!;

describe.each(modelNames)('%s', (name) => {
  test('says what it was trained on, and has a table of eleven factors', async () => {
    using model = await openModel(modelPath(name));
    const { accuracyCost, provenance, labels, preprocessing } = model.manifest;
    expect(accuracyCost).toHaveLength(11);
    const like = modelPhantoms(name, { count: 1, seed: 1 });
    expect(provenance.dataset).toBe(like.name);
    expect(preprocessing).toMatchObject({ size: like.size, channels: like.channels });
    expect(labels.map((label) => label.name)).toEqual(like.labelNames);
    for (const { color } of labels) expect(color).toHaveLength(3);
  });

  test('has one address for pages and for Node', () => {
    expect(fileURLToPath(modelUrl(name))).toBe(modelPath(name));
    expect(isModelName(name)).toBe(true);
  });
});

test.each([
  ['cells', 12, 0.85],
  ['ultrasound', 8, 0.85],
  ['volumes', 8, 0.75],
] as const)('%s does on new images what its table says, and worse at φ = 0', async (name, count, least) => {
  using model = await openModel(modelPath(name));
  if (!(model instanceof Segmenter)) throw new Error('internal: no model of segmentation');
  const examples = await phantoms(name, count);
  const careful = await diceOf(model, examples, 0.35);
  const cheap = await diceOf(model, examples, 0);
  expect(careful).toBeGreaterThan(least);
  expect(Math.abs(careful - tableOf(model, 0.35))).toBeLessThan(0.1);
  expect(cheap).toBeLessThan(careful);
});

test('registration brings new pairs together as its table says, without folds to speak of', async () => {
  using model = await openModel(modelPath('registration'));
  if (!(model instanceof Registrar)) throw new Error('internal: no model of registration');
  const examples = await phantoms('registration', 8);
  const [before, after]: [number[], number[]] = [[], []];
  for (let i = 0; i < examples.length; i += 2) {
    const [moving, fixed] = [examples[i]!, examples[i + 1]!];
    const { seenField, figures } = await model.register(pictureOf(moving.image), pictureOf(fixed.image), {
      factor: 0.25,
    });
    expect(figures.foldedPercent).toBeLessThan(0.5);
    const size = moving.image.size;
    const maps = [
      tensor(Int32Array.from(moving.labels.values), [1, ...size], 'int32'),
      tensor(seenField, [1, ...size, 2]),
    ] as const;
    const moved = warpLabels(...maps);
    const score = (values: ArrayLike<number>) =>
      diceScore(values as Uint8Array, fixed.labels.values, { labels: 5 }).mean;
    before.push(score(moving.labels.values));
    after.push(score(Uint8Array.from(await moved.data())));
    dispose([...maps, moved]);
  }
  expect(meanOf(after)).toBeGreaterThan(meanOf(before) + 0.1);
  expect(Math.abs(meanOf(after) - tableOf(model, 0.25))).toBeLessThan(0.1);
});

test('all models together stay below 3 MB', async () => {
  const sizes = await Promise.all(modelNames.map(async (name) => (await stat(modelPath(name))).size));
  expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(2.9e6);
});

test('other names are refused, with those that there are', () => {
  expect(isModelName('toString')).toBe(false);
  expect(() => modelPath('cell' as ModelName)).toThrow(OptionError);
  expect(() => modelUrl('cell' as ModelName)).toThrow(/cells/);
  expect(() => modelPhantoms('cell' as ModelName, { count: 1, seed: 1 })).toThrow(OptionError);
});

test('phantoms hang on seed and number, not on how many there are', async () => {
  for (const name of ['ultrasound', 'registration'] as const) {
    const [few, many] = [
      modelPhantoms(name, { count: 2, seed: 5 }),
      modelPhantoms(name, { count: 9, seed: 5 }),
    ];
    const [a, b] = [await few.load(few.ids[1]!), await many.load(many.ids[1]!)];
    expect(a.image.values).toEqual(b.image.values);
    const other = modelPhantoms(name, { count: 2, seed: 6 });
    expect((await other.load(other.ids[1]!)).image.values).not.toEqual(a.image.values);
    expect(Math.min(...a.image.values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...a.image.values)).toBeLessThanOrEqual(1);
    await expect(few.load('frame-1e9')).rejects.toThrow(ValueError);
  }
});
