import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FileError } from '@sshn/core';
import { readCheckpointFile, writeCheckpointFile } from '@sshn/model/node';
import { dispose } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { TrainerState } from '../trainer/trainer.js';
import type { RunFile } from './run-file.js';

/** What a trainer keeps beyond the words that every checkpoint has. */
const trainerSchema = z.strictObject({
  batch: z.int().min(0),
  lossSum: z.number(),
  best: z.strictObject({ dice: z.number(), epoch: z.int().min(0) }).nullable(),
  validationsWithoutProgress: z.int().min(0),
});

/** Where a run folder keeps its last checkpoint. */
export function lastCheckpoint(folder: string): string {
  return join(folder, 'checkpoints', 'last.safetensors');
}

/** Identifies what a run trains and on what. */
export function hashOf({ config, dataset }: RunFile): string {
  return createHash('sha256').update(JSON.stringify({ config, dataset })).digest('hex').slice(0, 16);
}

/** Stores all that a run needs to go on, atomically. @throws {FileError} if it cannot be written. */
export async function writeCheckpoint(folder: string, run: RunFile, state: TrainerState): Promise<void> {
  const { step, epoch, generator, batch, lossSum, best, validationsWithoutProgress } = state.progress;
  await writeCheckpointFile(lastCheckpoint(folder), {
    params: state.params,
    optimizer: state.optimizer,
    progress: {
      step,
      epoch,
      generator,
      configHash: hashOf(run),
      bestMetric: best?.dice ?? null,
      trainer: { batch, lossSum, best, validationsWithoutProgress },
    },
  });
}

/**
 * The state of the last checkpoint, undefined before the first. The caller owns its tensors.
 *
 * @throws {FileError} if the file is damaged or belongs to another run.
 */
export async function readCheckpoint(folder: string, run: RunFile): Promise<TrainerState | undefined> {
  const path = lastCheckpoint(folder);
  if (!existsSync(path)) return undefined;
  const { params, optimizer, progress } = await readCheckpointFile(path);
  const { step, epoch, generator, configHash } = progress;
  const rest = trainerSchema.safeParse(progress.trainer);
  if (configHash === hashOf(run) && rest.success) {
    return { params, optimizer, progress: { step, epoch, generator, ...rest.data } };
  }
  dispose([...params.values(), ...optimizer.values()]);
  throw new FileError({
    path,
    problem: rest.success
      ? 'this checkpoint belongs to another run'
      : 'this checkpoint is of no run of this kind',
    remedy: 'Delete it to begin the run anew, or train into another folder.',
  });
}
