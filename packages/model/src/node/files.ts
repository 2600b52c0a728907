import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { FileError, type SpecNode } from '@sshn/core';
import { manifestKey, manifestText, readManifest } from '../manifest/read.js';
import type { Manifest, ManifestInput } from '../manifest/schema.js';
import { type LoadedModel, loadModel, type Model, type SaveOptions, saveModel } from '../model.js';
import { requireChecksum, withChecksum } from '../safetensors/checksum.js';
import { decodeSafetensors, encodeSafetensors } from '../safetensors/safetensors.js';
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
  options: SaveOptions = {},
): Promise<void> {
  await writeFileAtomic(path, await saveModel(model, options));
}

/**
 * Loads a model from a file: see `loadModel`.
 *
 * @throws {FileError} if the file cannot be read or is no model.
 */
export async function readModelFile(path: string): Promise<LoadedModel> {
  return loadModel(await readRegularFile(path), path);
}

/**
 * SHA-256 of the weights in a model file: names, shapes and numbers. What its manifest says is not in it, so that a table
 * added to the manifest leaves it as it is.
 *
 * @throws {FileError} if the file cannot be read or holds no weights.
 */
export async function weightsDigest(path: string): Promise<string> {
  const { tensors } = decodeSafetensors(await readRegularFile(path), path);
  return createHash('sha256')
    .update(encodeSafetensors({ tensors, metadata: {} }))
    .digest('hex');
}

/**
 * Changes what a model file says about itself, atomically, and no bit of its weights.
 *
 * @param change Gets the manifest that is there, and returns the new one.
 * @param options `weights`: only if the file still holds those; see `weightsDigest`.
 * @returns Whether the file was changed: false if it holds other weights by now.
 * @throws {FileError} if the file is no model, or cannot be written. @throws {ValueError} if the manifest is none.
 */
export async function updateManifest(
  path: string,
  change: (manifest: Manifest) => ManifestInput,
  { weights }: { readonly weights?: string } = {},
): Promise<boolean> {
  if (weights !== undefined && (await weightsDigest(path)) !== weights) return false;
  const file = decodeSafetensors(await readRegularFile(path), path);
  requireChecksum(file, path);
  const { tensors, metadata } = file;
  const { format: _, version: __, ...manifest } = readManifest(metadata, path);
  const changed = manifestText(change(manifest as Manifest));
  await writeFileAtomic(
    path,
    encodeSafetensors(withChecksum({ tensors, metadata: { ...metadata, [manifestKey]: changed } })),
  );
  return true;
}

/**
 * Reads a file as a whole. A pipe or a device, which may never end, is refused, behind a link too.
 *
 * @param options `most` is the largest size that is read, in bytes. @default no limit
 * @throws {FileError} if it cannot be read, is larger, or is not a regular file.
 */
export async function readRegularFile(path: string, { most = Infinity } = {}): Promise<Uint8Array> {
  try {
    const info = await stat(path);
    if (!info.isFile() && !info.isDirectory()) {
      throw new FileError({ path, problem: 'is a pipe or a device', remedy: 'Give a regular file.' });
    }
    if (info.size > most) {
      throw new FileError({
        path,
        problem: `has ${info.size} bytes, and at most ${most} are read here`,
        remedy: 'Check that this is the right file.',
      });
    }
    return await readFile(path);
  } catch (cause) {
    throw fileProblem(path, cause);
  }
}
