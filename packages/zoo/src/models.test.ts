import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { useFastWasm } from '@sshn/backend-wasm';
import {
  initialize,
  namedParams,
  OptionError,
  paramTree,
  Rng,
  type SpecNode,
  setting,
  ValueError,
} from '@sshn/core';
import type { Example } from '@sshn/data';
import { diceScore } from '@sshn/losses';
import { type ManifestInput, type Model, manifestVersion, networkOf } from '@sshn/model';
import { Registrar, Segmenter } from '@sshn/predict';
import { openModel } from '@sshn/predict/node';
import type { Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { modelCards } from '../scripts/cards.js';
import { compactHeads } from '../scripts/compact.js';
import { scoreOf } from '../scripts/score.js';
import { isModelName, type ModelName, modelNames, modelPhantoms, modelUrl } from './index.js';
import { modelPath } from './node/index.js';

/** Seen by no training. */
const seed = 99;

async function phantoms(name: ModelName, count: number): Promise<readonly Example[]> {
  const dataset = modelPhantoms(name, { count, seed });
  return Promise.all(dataset.ids.map((id) => dataset.load(id)));
}

beforeAll(() => useFastWasm({ threads: 1 }));

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
  const { dice: careful } = await scoreOf(model, examples, 0.35);
  const { dice: cheap } = await scoreOf(model, examples, 0);
  expect(careful).toBeGreaterThan(least);
  expect(Math.abs(careful - tableOf(model, 0.35))).toBeLessThan(0.1);
  expect(cheap).toBeLessThan(careful);
});

test('the Dice that cells predicts of new images is as near as its file says', async () => {
  using model = await openModel(modelPath('cells'));
  if (!(model instanceof Segmenter)) throw new Error('internal: no model of segmentation');
  const labels = model.manifest.labels.length;
  const errors: number[] = [];
  for (const { image, labels: truth } of await phantoms('cells', 12)) {
    const { labels: found, predictedDice } = await model.predict(image, { uncertainty: true });
    errors.push(Math.abs(predictedDice!.mean! - diceScore(found.data, truth.values, { labels }).mean));
  }
  const { error } = model.manifest.cascade!.rungs.at(-1)!;
  expect(errors.reduce((a, b) => a + b) / errors.length).toBeLessThan(2 * error);
});

test('of a large image of cells the tiles that are hard alone take the second setting', async () => {
  using model = await openModel(modelPath('cells'));
  if (!(model instanceof Segmenter)) throw new Error('internal: no model of segmentation');
  const examples = await phantoms('cells', 4);
  const [rows, columns] = examples[0]!.image.size as [number, number];
  const size = [2 * rows, 2 * columns];
  const image = { values: new Float32Array(12 * rows * columns), size, channels: 3 };
  const truth = new Int32Array(4 * rows * columns);
  for (const [i, one] of examples.entries()) {
    for (let row = 0; row < rows; row++) {
      const to = (Math.floor(i / 2) * rows + row) * size[1]! + (i % 2) * columns;
      truth.set(one.labels.values.subarray(row * columns, (row + 1) * columns), to);
      image.values.set(one.image.values.subarray(3 * row * columns, 3 * (row + 1) * columns), 3 * to);
    }
  }
  const labels = model.manifest.labels.length;
  const at = async (dice: number) => {
    const { labels: found, spent } = await model.predict(image, { cascade: true, resolution: 'own', dice });
    return { ...spent!, dice: diceScore(found.data, truth, { labels }).mean };
  };
  const [cheap, some, all] = [await at(0), await at(0.8), await at(1)];
  expect([cheap.answered, all.answered]).toEqual([
    [9, 0],
    [0, 9],
  ]);
  expect(Math.min(...some.answered)).toBeGreaterThan(0);
  expect(some.gflops).toBeLessThan(0.8 * all.gflops);
  expect(some.dice).toBeGreaterThan(cheap.dice);
  expect(some.dice).toBeGreaterThan(all.dice - 0.01);
});

test('registration brings new pairs together as its table says, without folds to speak of', async () => {
  using model = await openModel(modelPath('registration'));
  if (!(model instanceof Registrar)) throw new Error('internal: no model of registration');
  const { dice, before, foldedPercent } = await scoreOf(model, await phantoms('registration', 12), 0.25);
  expect(dice).toBeGreaterThan(before! + 0.1);
  expect(Math.abs(dice - tableOf(model, 0.25))).toBeLessThan(0.1);
  expect(foldedPercent).toBeLessThan(0.5);
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

test('the cards of the README are those of the files', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  // Tables are aligned there.
  const plain = (text: string) => text.replace(/-{3,}/g, '---').replace(/ +/g, ' ');
  expect(plain(readme)).toContain(plain(await modelCards()));
});

describe('heads on fewer directions', () => {
  test('with all directions, the network is the same at any φ', async () => {
    const { model, loaded } = small();
    const all = await compactHeads(loaded, 4);
    expect(all.error).toBeLessThan(1e-5);
    await expectSame(model, loaded.params, all.model, 1e-4);
  });

  test('with fewer, what is lost is said', async () => {
    const { loaded } = small();
    const errors = [];
    for (const rank of [1, 2, 3, 4]) errors.push((await compactHeads(loaded, rank)).error);
    expect(errors).toEqual([...errors].sort((a, b) => b - a));
    expect(errors[0]).toBeGreaterThan(1e-3);
  });
});

/** An untrained SSHN whose hidden layer is four wide. */
function small() {
  const manifest: ManifestInput = {
    task: 'segmentation',
    network: { architecture: 'unet', options: { inChannels: 1, outChannels: 2, features: [2, 3] } },
    method: {
      kind: 'sshn',
      hypernetwork: {
        hidden: [5, 4],
        encoding: 'linear',
        form: 'residual',
        residualScale: 0.5,
        factors: 1,
        conditions: 0,
      },
    },
    prior: { kind: 'uniform', low: 0, high: 0.5 },
    preprocessing: { size: [8, 8], channels: 1, intensity: { kind: 'none' } },
    labels: [{ name: 'background' }, { name: 'cell' }],
    accuracyCost: [],
    provenance: {
      versions: {},
      seed: 1,
      dataset: 'none',
      date: '2026-01-01T00:00:00.000Z',
      configHash: 'none',
    },
  };
  const model = networkOf(manifest);
  const params = initialize(model.specs, Rng.fromSeed(3));
  const loaded = {
    manifest: { format: 'sshn', version: manifestVersion, ...manifest } as const,
    params: new Map(namedParams(params)),
  };
  return { model, loaded };
}

/** Compares predicted weights at φ within and at the ends of the range. */
async function expectSame(
  before: ReturnType<typeof networkOf>,
  params: ReadonlyMap<string, Tensor>,
  after: Model<SpecNode>,
  tolerance: number,
): Promise<void> {
  const compact = networkOf(after.manifest);
  for (const factor of [0, 0.137, 0.5]) {
    const [a, b] = [
      namedParams(before.specialize(paramTree(before.specs, params), setting(factor))),
      namedParams(compact.specialize(paramTree(compact.specs, namedParams(after.params)), setting(factor))),
    ];
    for (const [path, expected] of a) {
      const [x, y] = await Promise.all([expected.data(), b.get(path)!.data()]);
      for (const [i, value] of x.entries())
        expect(Math.abs(value - y[i]!), `${path} at ${factor}`).toBeLessThan(tolerance);
    }
  }
}
