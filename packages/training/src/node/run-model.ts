import { join } from 'node:path';
import type { ManifestInput } from '@sshn/model';
import { writeModelFile } from '@sshn/model/node';
import type { RunConfig } from '../config/run-config.js';
import { priorOf } from '../methods/prior.js';
import type { Trainer } from '../trainer/trainer.js';
import { version } from '../version.js';
import { hashOf } from './checkpoint-file.js';
import type { RunFile } from './run-file.js';

/** Where a run folder keeps the model with the best validation. */
export function bestModel(folder: string): string {
  return join(folder, 'best.safetensors');
}

/** Stores the trainer's model as the best so far, atomically. @throws {FileError} if it cannot be written. */
export async function writeRunModel(folder: string, run: RunFile, trainer: Trainer): Promise<void> {
  const { specs } = trainer.model;
  await writeModelFile(bestModel(folder), { specs, params: trainer.params, manifest: manifestOf(run) });
}

function manifestOf(run: RunFile): ManifestInput {
  const { config, dataset } = run;
  const { name: architecture, ...options } = config.architecture;
  return {
    task: 'segmentation',
    network: {
      architecture,
      options: {
        ...options,
        rank: dataset.size.length,
        inChannels: dataset.channels,
        outChannels: dataset.labelNames.length,
        film: config.method === 'film',
      },
    },
    method: methodOf(config),
    prior: priorOf(config),
    preprocessing: { size: dataset.size, channels: dataset.channels, intensity: config.intensity },
    labels: dataset.labelNames.map((name) => ({ name })),
    accuracyCost: [],
    provenance: {
      versions: { '@sshn/training': version },
      seed: config.seed,
      dataset: dataset.name,
      date: new Date().toISOString(),
      configHash: hashOf(run),
    },
  };
}

function methodOf({ method, prior, hypernetwork }: RunConfig): ManifestInput['method'] {
  const { form, encoding, hidden, residualScale } = hypernetwork;
  switch (method) {
    case 'fixed':
      return { kind: method, factor: prior?.kind === 'constant' ? prior.factor : 0.5 };
    case 'stochastic':
      return { kind: method };
    default:
      return { kind: method, hypernetwork: { form, encoding, hidden, residualScale, factors: 1 } };
  }
}
