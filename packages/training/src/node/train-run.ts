import type { Dataset } from '@sshn/data';
import type { RunConfig } from '../config/run-config.js';
import { examplesOf, prepareDataset } from '../tasks/of-config.js';
import type { EndEvent, TrainEvent } from '../trainer/events.js';
import { DivergenceError } from '../trainer/events.js';
import { Trainer } from '../trainer/trainer.js';
import { lastCheckpoint, readCheckpoint, writeCheckpoint } from './checkpoint-file.js';
import { MetricsLog } from './metrics-log.js';
import { claimRunFolder, describeRun, type RunFile } from './run-file.js';
import { writeRunModel } from './run-model.js';

/** What to train, on what, and where to keep it. */
export interface TrainRunOptions {
  /** The run folder: made, or gone on with if it holds the same run. */
  readonly folder: string;
  readonly dataset: Dataset;
  /** How the dataset was opened, so that later commands can open it again. */
  readonly data: RunFile['data'];
  readonly config: RunConfig;
  readonly onEvent?: (event: TrainEvent) => void;
  /** Aborting ends the run after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal;
}

/**
 * Trains in a folder: run.json (what is trained), metrics.jsonl (a line per epoch), checkpoints/last.safetensors
 * (everything needed to go on, after every epoch) and best.safetensors (the model with the best validation so far).
 *
 * Killed at any moment, the same call goes on from the last checkpoint and ends with the same weights, bit by bit, as
 * a run that was never cut.
 *
 * @throws {FileError} if the folder holds another run or cannot be written, or a file in it is damaged.
 * @throws {DivergenceError} at a loss or weight that is not finite; names the last good checkpoint.
 * @throws {ValueError} if the dataset is too small to be split.
 */
export async function trainRun(options: TrainRunOptions): Promise<EndEvent> {
  const { folder, config, data, onEvent, signal } = options;
  const run = describeRun(config, data, options.dataset);
  await claimRunFolder(folder, run);
  const { dataset, split } = examplesOf(prepareDataset(options.dataset, config), config);
  const state = await readCheckpoint(folder, run);
  using trainer = new Trainer({ config, dataset, split, ...(state === undefined ? {} : { state }) });
  const log = await MetricsLog.open(folder, trainer.state.progress.epoch);
  let hasCheckpoint = state !== undefined;
  try {
    for await (const event of trainer.run(signal)) {
      if (event.kind === 'epoch') {
        const measured = { ...event, memory: { ...event.memory, rssBytes: process.memoryUsage.rss() } };
        await log.append(measured);
        if (event.isBest) await writeRunModel(folder, run, trainer);
        await writeCheckpoint(folder, run, trainer.state);
        hasCheckpoint = true;
        onEvent?.(measured);
        continue;
      }
      if (event.kind === 'end') {
        if (event.reason === 'interrupted') await writeCheckpoint(folder, run, trainer.state);
        onEvent?.(event);
        return event;
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
