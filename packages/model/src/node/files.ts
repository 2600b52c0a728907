import { readFile } from 'node:fs/promises';
import type { SpecNode } from '@sshn/core';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, type LoadedCheckpoint } from '../checkpoint.js';
import { type LoadedModel, loadModel, type Model, saveModel } from '../model.js';
import { writeFileAtomic } from './atomic-write.js';
import { fileProblem } from './file-problem.js';

/**
 * Saves a model to a file, atomically: see `saveModel` and `writeFileAtomic`.
 *
 * @throws {FileError} if the file cannot be written.
 */
export async function writeModelFile<Specs extends SpecNode>(
  path: string,
  model: Model<Specs>,
): Promise<void> {
  await writeFileAtomic(path, await saveModel(model));
}

/**
 * Loads a model from a file: see `loadModel`.
 *
 * @throws {FileError} if the file cannot be read or is no model.
 */
export async function readModelFile(path: string): Promise<LoadedModel> {
  return loadModel(await readBytes(path), path);
}

/**
 * Saves a checkpoint to a file, atomically: see `encodeCheckpoint` and `writeFileAtomic`.
 *
 * @throws {FileError} if the file cannot be written.
 */
export async function writeCheckpointFile(path: string, checkpoint: Checkpoint): Promise<void> {
  await writeFileAtomic(path, await encodeCheckpoint(checkpoint));
}

/**
 * Loads a checkpoint from a file: see `decodeCheckpoint`.
 *
 * @throws {FileError} if the file cannot be read or is no checkpoint.
 */
export async function readCheckpointFile(path: string): Promise<LoadedCheckpoint> {
  return decodeCheckpoint(await readBytes(path), path);
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw fileProblem(path, cause);
  }
}
