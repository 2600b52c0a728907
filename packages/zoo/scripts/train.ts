// Trains the models of the package and writes them to models/: pnpm --dir packages/zoo train [NAME…]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { useFastWasm } from '@sshn/backend-wasm';
import { cacheDataset } from '@sshn/data';
import { type LoadedModel, saveModel } from '@sshn/model';
import { readModelFile, writeModelFile } from '@sshn/model/node';
import { openModel, Segmenter } from '@sshn/predict';
import { parseRunConfig } from '@sshn/training';
import { trainRun } from '@sshn/training/node';
import { isModelName, type ModelName, modelNames } from '../src/models.js';
import { modelPhantoms } from '../src/phantoms/phantoms.js';
import { cascadeOf } from './cascade.js';
import { compactHeads } from './compact.js';
import { recipes } from './models.js';
import { scoreOf } from './score.js';

const seed = 2026;
/** Images that the table of a model is measured on, seen by no training. */
const [scored, scoreSeed] = [40, 2027];
/** φ = 0, 0.05 … 0.5. */
const factors = Array.from({ length: 11 }, (_, i) => i / 20);

async function train(name: ModelName): Promise<void> {
  const { images, config } = recipes[name];
  const epochs = Number(process.env.EPOCHS ?? config.epochs);
  const dataset = cacheDataset(modelPhantoms(name, { count: images, seed }));
  const run = parseRunConfig(
    {
      ...config,
      epochs,
      validation: { every: Math.max(1, Math.floor(epochs / 6)), factors: [0, 0.25, 0.5] },
    },
    'packages/zoo/scripts/models.ts',
  );
  const folder = await mkdtemp(join(tmpdir(), `sshn-zoo-${name}-`));
  try {
    const began = performance.now();
    await trainRun({
      folder,
      dataset,
      data: { path: `modelPhantoms('${name}')`, layout: 'generated' },
      config: run,
      onEvent: (event) => {
        if (event.kind !== 'epoch' || event.validation === undefined) return;
        const dice = event.validation.map((point) => point.dice.toFixed(3)).join(', ');
        const seconds = ((performance.now() - began) / 1000).toFixed(0);
        console.log(
          `${name}: ${seconds} s  epoch ${event.epoch + 1}  loss ${event.loss.toFixed(4)}  Dice ${dice}`,
        );
      },
    });
    await pack(name, await readModelFile(join(folder, 'best.safetensors')));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Narrows the heads of a trained model, scores it on images of another seed, and writes it to `models/`. */
async function pack(name: ModelName, loaded: LoadedModel): Promise<void> {
  const { rank, colors, images } = recipes[name];
  const { model, error } = await compactHeads(loaded, rank);
  const { format: _, version: __, ...manifest } = { format: '', version: 0, ...model.manifest };
  console.log(`${name}: heads of rank ${rank}, off by ${error.toExponential(1)}`);
  const bytes = await saveModel({ ...model, manifest: { ...manifest, accuracyCost: [] } });
  using opened = await openModel(bytes);
  const fresh = modelPhantoms(name, { count: scored, seed: scoreSeed });
  const examples = await Promise.all(fresh.ids.map((id) => fresh.load(id)));
  const accuracyCost = [];
  for (const factor of factors) {
    const { dice, before, foldedPercent } = await scoreOf(opened, examples, factor);
    const gflops = opened.gflopsAt(factor);
    const registered =
      before === undefined ? '' : ` from ${before.toFixed(3)}, at most ${foldedPercent!.toFixed(3)} % folded`;
    console.log(
      `${name}: φ ${factor.toFixed(2)}  Dice ${dice.toFixed(3)}${registered}  ${(1000 * gflops).toFixed(1)} MFLOPs`,
    );
    // Milliseconds depend on the machine: they are measured where the model runs.
    accuracyCost.push({ factor, dice, gflops, milliseconds: null });
  }
  const cascade = opened instanceof Segmenter ? await cascadeOf(opened, name) : undefined;
  await writeModelFile(fileURLToPath(new URL(`../models/${name}.safetensors`, import.meta.url)), {
    ...model,
    manifest: {
      ...manifest,
      labels: manifest.labels.map(({ name: label }, i) => ({ name: label, color: [...colors[i]!] })),
      accuracyCost,
      ...(cascade === undefined ? {} : { cascade }),
      provenance: {
        ...manifest.provenance,
        dataset: fresh.name,
        // The same from whatever day: equal models have equal bytes.
        date: '2026-01-01T00:00:00.000Z',
        configHash: `packages/zoo/scripts/models.ts, ${images} images`,
      },
    },
  });
}

const wanted = process.argv.slice(2);
const unknown = wanted.find((word) => !isModelName(word));
if (unknown !== undefined) throw new Error(`'${unknown}' is none of ${modelNames.join(', ')}.`);
await useFastWasm({ threads: 1 });
for (const name of modelNames) if (wanted.length === 0 || wanted.includes(name)) await train(name);
