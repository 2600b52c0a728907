import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FileError } from '@sshn/core';
import { readRegularFile, writeFileAtomic } from '@sshn/model/node';
import { dispose } from '@tensorflow/tfjs-core';
import { knobsOf } from '../config/knobs.js';
import { decodeCheckpoint, encodeCheckpoint, type TrainerState } from '../trainer/checkpoint.js';
import type { RunFile } from './run-file.js';

/** Where a run folder keeps its last checkpoint. */
export function lastCheckpoint(folder: string): string {
  return join(folder, 'checkpoints', 'last.safetensors');
}

/** Identifies what a run trains and on what. */
export function hashOf({ config, dataset }: RunFile): string {
  const { knobs, ...rest } = config;
  // Runs from before there were knobs have the hash that they always had.
  const hashed = knobsOf(knobs).length === 0 ? rest : config;
  return createHash('sha256')
    .update(JSON.stringify({ config: hashed, dataset }))
    .digest('hex')
    .slice(0, 16);
}

/**
 * Stores all that a run needs to go on, atomically.
 *
 * @throws {FileError} if it cannot be written. @throws {ValueError} if a tensor holds NaN or infinity; what was there stays.
 */
export async function writeCheckpoint(folder: string, run: RunFile, state: TrainerState): Promise<void> {
  await writeFileAtomic(lastCheckpoint(folder), await encodeCheckpoint(state, hashOf(run)));
}

/**
 * The state of the last checkpoint, undefined before the first. The caller owns its tensors.
 *
 * @throws {FileError} if the file is damaged or belongs to another run.
 */
export async function readCheckpoint(folder: string, run: RunFile): Promise<TrainerState | undefined> {
  const path = lastCheckpoint(folder);
  if (!existsSync(path)) return undefined;
  const { state, configHash } = decodeCheckpoint(await readRegularFile(path), path);
  if (configHash === hashOf(run)) return state;
  dispose([...state.params.values(), ...state.optimizer.values()]);
  throw new FileError({
    path,
    problem: 'this checkpoint belongs to another run',
    remedy: 'Delete it to begin the run anew, or train into another folder.',
  });
}
