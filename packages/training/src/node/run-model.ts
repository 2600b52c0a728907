import { join } from 'node:path';
import type { ManifestInput } from '@sshn/model';
import { writeModelFile } from '@sshn/model/node';
import { lambdaSpread } from '../config/registration.js';
import type { RunConfig } from '../config/run-config.js';
import { describeNetwork } from '../methods/network.js';
import { priorOf } from '../methods/prior.js';
import type { Trainer } from '../trainer/trainer.js';
import { version } from '../version.js';
import { hashOf } from './checkpoint-file.js';
import { type RunFile, spaceOf } from './run-file.js';

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
  const { size, channels, labelNames, name } = dataset;
  return {
    task: config.task,
    ...describeNetwork(config, spaceOf(run)),
    prior: priorOf(config),
    preprocessing: { size, channels, intensity: config.intensity, ...volumesOf(config, size.length) },
    ...(config.task === 'registration' ? { registration: objectiveOf(config) } : {}),
    labels: labelNames.map((label) => ({ name: label })),
    accuracyCost: [],
    provenance: {
      versions: { '@sshn/training': version },
      seed: config.seed,
      dataset: name,
      date: new Date().toISOString(),
      configHash: hashOf(run),
    },
  };
}

/** What volumes went through before they had their size, and before slices were cut from them. */
function volumesOf({ data = {} }: RunConfig, rank: number): Pick<ManifestInput['preprocessing'], 'volumes'> {
  const { spacingMm, fit = 'resize', slices } = data;
  if (rank !== 3 && slices === undefined) return {};
  const edges = typeof spacingMm === 'number' ? [spacingMm, spacingMm, spacingMm] : spacingMm;
  return {
    volumes: {
      fit,
      ...(edges === undefined ? {} : { spacingMm: edges }),
      ...(slices === undefined ? {} : { slices }),
    },
  };
}

function objectiveOf({ registration }: RunConfig): NonNullable<ManifestInput['registration']> {
  const { similarity, window, regularizer, weight, foldingWeight, bidirectional } = registration;
  const lambda = lambdaSpread(registration);
  const words = { similarity, window, regularizer, weight, foldingWeight, bidirectional };
  return { ...words, ...(lambda === undefined ? {} : { lambda }) };
}
