import { readFile } from 'node:fs/promises';
import { useFastWasm } from '@sshn/backend-wasm';
import { paramTree, Rng, rescaling } from '@sshn/core';
import { type Example, generatePhantoms, preprocess } from '@sshn/data';
import { diceScore, predictLabels } from '@sshn/losses';
import { loadModel, networkOf } from '@sshn/model';
import { tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { frameSize, ultrasoundScene } from '../../examples/demo/src/ultrasound/scene.js';

const count = 12;
/** Seen by no training. */
const seed = 99;

async function phantoms(kind: 'cells' | 'blobs', size: readonly number[]): Promise<Example[]> {
  const dataset = generatePhantoms({ kind, count, size, seed });
  return Promise.all(dataset.ids.map((id) => dataset.load(id)));
}

async function frames(): Promise<Example[]> {
  return Array.from({ length: count }, (_, number) => ({
    id: `${number}`,
    ...ultrasoundScene(Rng.fromSeed(seed).split(number), frameSize).frame(0.7 * number),
  }));
}

beforeAll(() => useFastWasm({ threads: 1 }));

/** Mean foreground Dice of a packaged model at a factor, and what its table says. */
async function diceOf(file: string, examples: readonly Example[], factor: number) {
  const bytes = await readFile(new URL(`../../examples/demo/public/${file}.safetensors`, import.meta.url));
  const { manifest, params } = loadModel(bytes, file);
  const model = networkOf(manifest);
  const weights = model.specialize(paramTree(model.specs, params), rescaling(factor));
  const scores: number[] = [];
  for (const { image, labels } of examples) {
    const { values, size, channels } = preprocess(image, manifest.preprocessing);
    const predicted = tidy(() =>
      predictLabels(model.network.apply(weights, tensor(values, [1, ...size, channels]), rescaling(factor))),
    );
    scores.push(
      diceScore(await predicted.data<'int32'>(), labels.values, { labels: manifest.labels.length }).mean,
    );
  }
  const known = scores.filter((score) => !Number.isNaN(score));
  const mean = known.reduce((sum, score) => sum + score, 0) / known.length;
  return { mean, told: manifest.accuracyCost.find((point) => point.factor === factor)!.dice! };
}

test.each([
  ['cells', () => phantoms('cells', [64, 64]), 0.85],
  ['ultrasound', frames, 0.9],
  ['volumes', () => phantoms('blobs', [32, 32, 32]), 0.75],
] as const)(
  'the packaged model %s does on new images what its table says, and worse at φ = 0',
  async (file, make, least) => {
    const examples = await make();
    const careful = await diceOf(file, examples, 0.35);
    const cheap = await diceOf(file, examples, 0);
    expect(careful.mean).toBeGreaterThan(least);
    expect(Math.abs(careful.mean - careful.told)).toBeLessThan(0.1);
    expect(cheap.mean).toBeLessThan(careful.mean);
  },
);
