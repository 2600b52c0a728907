import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { requireOption } from '@sshn/core';
import { type ModelName, modelNames } from '../models.js';

/**
 * The path of a model's file: `openModel` of '@sshn/predict/node' takes it.
 *
 * @throws {OptionError} if there is no such model.
 * @example
 * using model = await openModel(modelPath('cells'));
 */
export function modelPath(name: ModelName): string {
  requireOption('model', name, modelNames);
  // The package's own name: right from the sources, from a build and from a bundle that leaves the package outside.
  const here = createRequire(import.meta.url).resolve('@sshn/zoo/package.json');
  return join(dirname(here), 'models', `${name}.safetensors`);
}
