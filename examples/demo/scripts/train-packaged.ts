import { fileURLToPath } from 'node:url';
import { useFastWasm } from '@sshn/backend-wasm';
import { Rng } from '@sshn/core';
import { cacheDataset, type Dataset, splitIds } from '@sshn/data';
import type { Manifest } from '@sshn/model';
import { writeModelFile } from '@sshn/model/node';
import {
  chosenIntensity,
  describeNetwork,
  evaluateFactor,
  parseRunConfig,
  priorOf,
  Trainer,
} from '@sshn/training';

const seed = 1;

/** A model that the page brings along. */
export interface PackagedModel {
  /** Name of the file in `public/`. */
  readonly file: string;
  readonly dataset: Dataset;
  readonly labels: Manifest['labels'];
  /** What of a run is not common to all. */
  readonly config: Readonly<Record<string, unknown>> & { readonly epochs: number };
  /** Where it is made: the manifest says so. */
  readonly script: string;
}

/** Trains a model for φ from 0 to 0.5, evaluates it at eleven, and writes it to `public/`. */
export async function trainPackaged({ file, dataset, labels, config, script }: PackagedModel): Promise<void> {
  await useFastWasm({ threads: 1 });
  const cached = cacheDataset(dataset);
  const split = splitIds(cached.ids, Rng.fromSeed(seed));
  const { epochs } = config;
  const run = parseRunConfig(
    {
      prior: { kind: 'uniform', low: 0, high: 0.5 },
      crossEntropyShare: 0.5,
      // Generated images are trained on as they are.
      intensity: { kind: 'none' },
      seed,
      validation: { every: Math.max(1, Math.floor(epochs / 6)), factors: [0, 0.25, 0.5] },
      ...config,
    },
    script,
  );

  const began = performance.now();
  using trainer = new Trainer({ config: run, dataset: cached, split });
  for await (const event of trainer.run()) {
    if (event.kind !== 'epoch' || event.validation === undefined) continue;
    const dice = event.validation.map((point) => point.dice.toFixed(3)).join(', ');
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    console.log(`${seconds} s  epoch ${event.epoch + 1}  loss ${event.loss.toFixed(3)}  Dice ${dice}`);
  }

  const accuracyCost = [];
  for (const step of Array.from({ length: 11 }, (_, i) => i)) {
    const factor = step / 20;
    const { dice, gflops } = await evaluateFactor(trainer.model, trainer.params, cached, split.test, factor);
    console.log(`φ ${factor.toFixed(2)}  Dice ${dice.toFixed(3)}  ${(1000 * gflops).toFixed(1)} MFLOPs`);
    // Milliseconds depend on the machine: the page measures them where it runs.
    accuracyCost.push({ factor, dice, gflops, milliseconds: null });
  }

  await writeModelFile(fileURLToPath(new URL(`../public/${file}`, import.meta.url)), {
    specs: trainer.model.specs,
    params: trainer.params,
    manifest: {
      task: 'segmentation',
      ...describeNetwork(run, cached),
      prior: priorOf(run),
      preprocessing: { size: cached.size, channels: cached.channels, intensity: chosenIntensity(run) },
      labels,
      accuracyCost,
      provenance: {
        versions: {},
        seed,
        dataset: cached.name,
        date: '2026-01-01T00:00:00.000Z',
        configHash: `examples/demo/scripts/${script}`,
      },
    },
  });
}
