import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FileError } from '@sshn/core';
import { chooseIntensity, type Dataset, type Split } from '@sshn/data';
import { augmentInThreads } from '@sshn/data/node';
import { fileProblem, readRegularFile } from '@sshn/model/node';
import { dispose } from '@tensorflow/tfjs-core';
import type { RunConfig } from '../config/run-config.js';
import { type FileSplit, readSplit } from '../config/split-file.js';
import { type AlignmentState, alignmentOf } from '../tasks/align.js';
import { type Examples, examplesOf, prepareDataset, requireParts, splitOf } from '../tasks/of-config.js';
import { DivergenceError, type EndEvent, type TrainEvent } from '../trainer/events.js';
import { Trainer } from '../trainer/trainer.js';
import { moreEpochs } from '../trainer/warnings.js';
import { lastCheckpoint, readCheckpoint, writeCheckpoint } from './checkpoint-file.js';
import type { KeepOptions } from './kept-images.js';
import { MetricsLog } from './metrics-log.js';
import { claimRunFolder, describeRun, type RunFile } from './run-file.js';
import { lockRun } from './run-lock.js';
import { bestModel, finishBestModel, lastModel, writeRunModel } from './run-model.js';
import { alignRun, keptAligned } from './stored-alignment.js';
import { describeSplit, matchSplit, readStoredSplit, writeStoredSplit } from './stored-split.js';

/** What to train, on what, and where to keep it. */
export interface TrainRunOptions {
  /** The run folder: made, or gone on with if it holds the same run. */
  readonly folder: string;
  readonly dataset: Dataset;
  /** How the dataset was opened, so that later commands can open it again. */
  readonly data: RunFile['data'];
  readonly config: RunConfig;
  /** Where images that are made for the run, those that are aligned, are kept. @default in memory */
  readonly keep?: KeepOptions;
  /** Threads that augment images; the bits of a run do not depend on them. @default see `augmentInThreads` */
  readonly augmentThreads?: number;
  readonly onEvent?: (event: TrainEvent) => void;
  /** Aborting ends the run after the step under way, with a checkpoint; after training, after the setting that is measured. */
  readonly signal?: AbortSignal;
}

/**
 * Trains in a folder: run.json (what is trained), metrics.jsonl (a line per epoch), checkpoints/last.safetensors
 * (everything needed to go on, after every epoch), split.json (which image is in which part, with digests), best.safetensors
 * (the model with the best validation so far) and at the end last.safetensors (the model of the last epoch). Both are in compact
 * form once the run has ended (see `saveModel`). Where widths or resolutions are drawn, the best model then also holds a coarse front
 * of them. Registration with `align` aligns the images before the first epoch, and keeps how in alignment.json after each of them.
 *
 * Killed at any moment, the same call goes on from the last checkpoint and ends with the same weights, bit by bit, as
 * a run that was never cut.
 *
 * @throws {FileError} if the folder holds another run, another process trains in it, it cannot be written, a file in it is
 * damaged, images of the run are missing or replaced, or a file of the split does not fit the dataset.
 * @throws {DivergenceError} at a loss or weight that is not finite; names the last good checkpoint.
 * @throws {ValueError} if the dataset is too small to be split.
 */
export async function trainRun(options: TrainRunOptions): Promise<EndEvent> {
  const { folder, data, onEvent } = options;
  // All that may be wrong with data and configuration is found before anything is written.
  const stored = await readStoredSplit(folder);
  const matched = stored === undefined ? undefined : await matchSplit(stored, options.dataset, data.path);
  const images = matched?.dataset ?? options.dataset;
  const fromFile = stored === undefined ? await splitInFile(options.config, images) : undefined;
  const parts = matched?.split ?? fromFile?.split ?? splitOf(images, options.config);
  requireParts(parts, 'segmentation');
  const { intensity, sentence, warnings } = await chooseIntensity(
    images,
    parts.train,
    options.config.intensity,
  );
  const config = { ...options.config, intensity };
  const examples = examplesOf(prepareDataset(images, config), config, parts);
  requireParts(examples.split, config.task);
  const run = describeRun(config, data, images);
  const notes = [
    ...(matched?.changes ?? []),
    ...(fromFile?.notes ?? []),
    ...(options.config.intensity.kind === 'auto' ? [sentence] : []),
    ...warnings,
    ...(await labelGaps(images, parts)),
  ];

  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw fileProblem(folder, cause);
  });
  const unlock = await lockRun(folder);
  try {
    const isThere = await claimRunFolder(folder, run);
    const described = stored ?? (await describeSplit(images, parts));
    if (stored === undefined && !isThere) await writeStoredSplit(folder, described);
    for (const message of notes) onEvent?.({ kind: 'warning', message });
    if (alignmentOf(config) === undefined) return await trainIn(options, run, examples);
    const { signal } = options;
    const alignment = await alignRun(folder, images, config, { split: described, onEvent, signal });
    if (alignment === undefined) return endedBefore(folder, run, onEvent);
    const aligned = keptAligned(images, alignment, described, options.keep);
    return await trainIn(options, run, examplesOf(prepareDataset(aligned, config), config, parts), alignment);
  } finally {
    await unlock();
  }
}

/** A run that was interrupted while its images were aligned: it goes on there. */
async function endedBefore(
  folder: string,
  run: RunFile,
  onEvent: TrainRunOptions['onEvent'],
): Promise<EndEvent> {
  const state = await readCheckpoint(folder, run);
  dispose([...(state?.params.values() ?? []), ...(state?.optimizer.values() ?? [])]);
  const end = {
    kind: 'end',
    reason: 'interrupted',
    epoch: state?.progress.epoch ?? 0,
    bestDice: Number.NaN,
  } as const;
  onEvent?.(end);
  return end;
}

/** Trains in a folder that is this process's own. */
async function trainIn(
  { folder, onEvent, signal, augmentThreads }: TrainRunOptions,
  run: RunFile,
  examples: Examples,
  alignment?: AlignmentState,
): Promise<EndEvent> {
  const { config } = run;
  const state = await readCheckpoint(folder, run);
  using threads = augmentInThreads(
    config.augmentation,
    augmentThreads === undefined ? {} : { threads: augmentThreads },
  );
  const { transform } = threads;
  using trainer = new Trainer({ config, ...examples, transform, ...(state === undefined ? {} : { state }) });
  if (state === undefined) await requireNoCheckpointLost(folder, (await MetricsLog.epochsIn(folder)).length);
  const log = await MetricsLog.open(folder, trainer.state.progress.epoch);
  const kept = alignment === undefined ? {} : { alignment };
  let hasCheckpoint = state !== undefined;
  try {
    for await (const event of trainer.run(signal)) {
      if (event.kind === 'epoch') {
        const measured = { ...event, memory: { ...event.memory, rssBytes: process.memoryUsage.rss() } };
        await log.append(measured);
        if (event.isBest)
          await writeRunModel(bestModel(folder), run, trainer, {
            ...kept,
            validation: event.validation,
            form: 'whole',
          });
        await writeCheckpoint(folder, run, trainer.state);
        hasCheckpoint = true;
        onEvent?.(measured);
        continue;
      }
      if (event.kind === 'end') {
        let end = event;
        const note = event.reason === 'finished' ? moreEpochs(await MetricsLog.epochsIn(folder)) : undefined;
        if (note !== undefined) onEvent?.({ kind: 'warning', message: note });
        if (event.reason === 'interrupted') await writeCheckpoint(folder, run, trainer.state);
        else {
          await writeRunModel(lastModel(folder), run, trainer, kept);
          const isFinished = await finishBestModel(folder, run, examples, { onEvent, signal });
          if (!isFinished) end = { ...event, reason: 'interrupted' };
        }
        onEvent?.(end);
        return end;
      }
      onEvent?.(event);
    }
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    const { what, step, factor } = error;
    throw new DivergenceError({
      what,
      step,
      factor,
      checkpoint: hasCheckpoint ? lastCheckpoint(folder) : undefined,
    });
  }
  throw new Error('internal: a run ended without saying so');
}

/** @throws {FileError} if epochs are logged whose checkpoint is gone. One may be logged without: a run killed just then. */
async function requireNoCheckpointLost(folder: string, epochs: number): Promise<void> {
  if (epochs > 1 || (epochs === 1 && !existsSync(dirname(lastCheckpoint(folder))))) {
    throw new FileError({
      path: lastCheckpoint(folder),
      problem: `is not there, though ${epochs} epochs are logged: the run cannot go on`,
      remedy: 'Restore it, delete metrics.jsonl to begin anew, or train into another folder.',
    });
  }
  const checkpoints = dirname(lastCheckpoint(folder));
  await mkdir(checkpoints, { recursive: true }).catch((cause: unknown) => {
    throw fileProblem(checkpoints, cause);
  });
}

/** Far more than the ids of a million images take. */
const mostSplitBytes = 2 ** 26;

/** The split in the file that a configuration names; undefined if it names none. @throws {FileError} */
async function splitInFile({ split, seed }: RunConfig, dataset: Dataset): Promise<FileSplit | undefined> {
  if (split?.kind !== 'file') return undefined;
  const { path, fold } = split;
  const text = new TextDecoder().decode(await readRegularFile(path, { most: mostSplitBytes }));
  return readSplit(text, path, { dataset, seed, fold });
}

/** Sentences on labels that a part of the split lacks. */
async function labelGaps(dataset: Dataset, split: Split): Promise<string[]> {
  const names = { train: 'training', validation: 'validation', test: 'test' } as const;
  const sentences = [];
  for (const part of ['train', 'validation', 'test'] as const) {
    const seen = new Set<number>();
    for (const id of split[part]) for (const label of (await dataset.load(id)).labels.values) seen.add(label);
    const absent = dataset.labelNames.filter((_, label) => label > 0 && !seen.has(label));
    if (absent.length === 0 || split[part].length === 0) continue;
    sentences.push(
      `No ${names[part]} image has the label${absent.length > 1 ? 's' : ''} ${absent.join(', ')}.`,
    );
  }
  return sentences;
}
