import { requireOption } from '@sshn/core';

/** The models of the package. */
export const modelNames = ['cells', 'ultrasound', 'volumes', 'registration'] as const;
export type ModelName = (typeof modelNames)[number];

/** Whether a word is the name of a model of the package. */
export function isModelName(word: string): word is ModelName {
  return modelNames.some((name) => name === word);
}

// Each address is spelled out: so Vite, webpack and Rollup see the files and copy them.
const urls: Readonly<Record<ModelName, () => URL>> = {
  cells: () => new URL('../models/cells.safetensors', import.meta.url),
  ultrasound: () => new URL('../models/ultrasound.safetensors', import.meta.url),
  volumes: () => new URL('../models/volumes.safetensors', import.meta.url),
  registration: () => new URL('../models/registration.safetensors', import.meta.url),
};

/**
 * The address of a model's file, for pages: `openModel` of @sshn/predict and `fetch` take it. Bundlers that know
 * `new URL(…, import.meta.url)` copy the file into the build. In Node, take `modelPath` of '@sshn/zoo/node'.
 *
 * @throws {OptionError} if there is no such model.
 * @example
 * const model = await openModel(modelUrl('cells'));
 */
export function modelUrl(name: ModelName): URL {
  requireOption('model', name, modelNames);
  return urls[name]();
}
