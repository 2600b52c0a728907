import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '@sshn/core';
import { readModelFile } from '@sshn/model/node';
import { modelFrom, type OpenOptions, openModel as openSource } from '../open-model.js';
import type { Registrar } from '../registrar.js';
import type { Segmenter } from '../segmenter.js';

/**
 * Opens a trained model from a path: a model file, or a run folder, whose best model is taken. Takes what `openModel` of
 * '@sshn/predict' takes too; addresses as URL objects or strings that begin with http.
 *
 * @throws {FileError} if there is none, or it cannot be opened.
 * @example
 * using model = await openModel('runs/cells');
 */
export async function openModel(
  source: string | URL | Blob | Uint8Array,
  options: OpenOptions = {},
): Promise<Segmenter | Registrar> {
  if (typeof source !== 'string' || /^https?:\/\//.test(source)) return openSource(source, options);
  const info = await stat(source).catch((cause) => {
    throw new FileError({
      path: source,
      problem: 'is not there',
      remedy: 'Give a run folder of `sshn train`, or a model file (.safetensors).',
      cause,
    });
  });
  const path = info.isDirectory() ? join(source, 'best.safetensors') : source;
  return modelFrom(await readModelFile(path), path, options);
}
