import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { paramTree, setting } from '@sshn/core';
import { type ManifestInput, networkOf, type SaveOptions } from '@sshn/model';
import { readModelFile, writeModelFile } from '@sshn/model/node';
import { dispose } from '@tensorflow/tfjs-core';
import { knobRanges, knobsOf } from '../config/knobs.js';
import { inputOf } from '../config/patches.js';
import { lambdaSpread } from '../config/registration.js';
import type { RunConfig } from '../config/run-config.js';
import { gflopsAt } from '../evaluation/measure.js';
import { describeNetwork } from '../methods/network.js';
import { factorIn, priorOf } from '../methods/prior.js';
import { type AlignmentState, alignmentOf } from '../tasks/align.js';
import { chosenIntensity, type Examples, taskOf } from '../tasks/of-config.js';
import type { ValidatedFactor } from '../trainer/events.js';
import type { Trainer } from '../trainer/trainer.js';
import { version } from '../version.js';
import { hashOf } from './checkpoint-file.js';
import { type Listening, withCoarseFront } from './coarse-front.js';
import { type RunFile, spaceOf } from './run-file.js';

/** Where a run folder keeps the model with the best validation. */
export function bestModel(folder: string): string {
  return join(folder, 'best.safetensors');
}

/** Where a run folder keeps the model of its end. */
export function lastModel(folder: string): string {
  return join(folder, 'last.safetensors');
}

/** Stores the trainer's model, atomically, with what its validation found. @throws {FileError} if it cannot be written. */
export async function writeRunModel(
  path: string,
  run: RunFile,
  trainer: Trainer,
  {
    validation = [],
    alignment,
    form = 'compact',
  }: Pick<SaveOptions, 'form'> & {
    readonly validation?: readonly ValidatedFactor[] | undefined;
    /** How its images were aligned, if they were. */
    readonly alignment?: AlignmentState;
  } = {},
): Promise<void> {
  const { specs } = trainer.model;
  const accuracyCost = costsOf(run, trainer, validation);
  const manifest = { ...manifestOf(run, alignment), accuracyCost };
  await writeModelFile(path, { specs, params: trainer.params, manifest }, { form });
}

/**
 * Once a run has ended: brings its best model into the form in which models are shipped and, of a run with ranges of widths or resolutions,
 * stores a coarse front of them.
 *
 * @returns Whether that is done; not if `signal` aborts, and then nothing is written: the next call begins anew.
 * @throws {FileError}
 */
export async function finishBestModel(
  folder: string,
  run: RunFile,
  examples: Examples,
  listening: Listening,
): Promise<boolean> {
  const path = bestModel(folder);
  if (!existsSync(path)) return true;
  const { manifest, params: named } = await readModelFile(path);
  try {
    const model = networkOf(manifest);
    const params = paramTree(model.specs, named);
    const trained = { model, params };
    const table = manifest.accuracyCost;
    const accuracyCost = await withCoarseFront(table, run, examples, trained, listening);
    if (accuracyCost === undefined) return false;
    await writeModelFile(path, { specs: model.specs, manifest: { ...manifest, accuracyCost }, params });
    return true;
  } finally {
    dispose([...named.values()]);
  }
}

/** What validated factors reach and cost; factors that differ from step to step have no place in the table. */
function costsOf(
  run: RunFile,
  { model }: Trainer,
  validation: readonly ValidatedFactor[],
): ManifestInput['accuracyCost'] {
  const task = taskOf(run.config);
  return validation.flatMap(({ factor, dice }) => {
    const one = [...new Set([factor].flat())];
    if (one.length !== 1 || Number.isNaN(dice)) return [];
    const at = task.use(setting(factorIn(run.config, factor)));
    return [
      {
        factor: one[0]!,
        dice,
        gflops: gflopsAt(model, inputOf(run.config, run.dataset), at),
        milliseconds: null,
      },
    ];
  });
}

function manifestOf(run: RunFile, alignment: AlignmentState | undefined): ManifestInput {
  const { config, dataset } = run;
  const { size, channels, labelNames, name } = dataset;
  return {
    task: config.task,
    ...describeNetwork(config, spaceOf(run)),
    prior: priorOf(config),
    ...(knobsOf(config.knobs).length === 0 ? {} : { knobRanges: knobRanges(config.knobs) }),
    preprocessing: {
      size,
      ...(config.patches === undefined ? {} : { patch: config.patches.size }),
      channels,
      intensity: chosenIntensity(config),
      ...volumesOf(config, size.length),
      ...(alignment?.reference === undefined
        ? {}
        : { alignment: { ...alignmentOf(config)!, reference: alignment.reference } }),
    },
    ...(config.task === 'registration' ? { registration: objectiveOf(config) } : {}),
    labels: labelNames.map((label, i) => {
      const { value = i, color, codes } = run.labels?.[i] ?? {};
      return {
        name: label,
        ...(color === undefined ? {} : { color }),
        ...(value === i ? {} : { value }),
        ...(codes === undefined ? {} : { codes }),
      };
    }),
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
