import { Rng, requireIntegers, requireOption, ValueError } from '@sshn/core';
import { type Dataset, generatePhantoms, type Image, type LabelMap } from '@sshn/data';
import { type ModelName, modelNames } from '../models.js';
import { subject, subjectLabels } from './subjects.js';
import { frameSize, ultrasoundLabels, ultrasoundScene } from './ultrasound/scene.js';

/** Which images are generated. */
export interface ModelPhantomOptions {
  readonly count: number;
  /** Any integer from 0 to 2^53 − 1. The models were trained on 2026. */
  readonly seed: number;
}

/** `[height, width]` or `[depth, height, width]` of the images that each model was trained on. */
const sizes = {
  cells: [64, 64],
  ultrasound: frameSize,
  volumes: [32, 32, 32],
  registration: [64, 64],
} as const satisfies Record<ModelName, readonly number[]>;

/**
 * Labelled images like those that a model was trained on; with another seed than the training's, images that it has not seen.
 *
 * 'cells': stained blood smears, RGB. 'ultrasound': vessels cut across, grey. 'volumes': solid and hollow blobs in 3D.
 * 'registration': subjects of one anatomy, each deformed; any two of them are a pair (needs a backend of tfjs).
 *
 * @throws {OptionError} if there is no such model. @throws {ValueError} if `count` is not positive.
 * @example
 * const images = modelPhantoms('cells', { count: 10, seed: 1 });
 * const { image, labels } = await images.load(images.ids[0]!);
 */
export function modelPhantoms(name: ModelName, { count, seed }: ModelPhantomOptions): Dataset {
  requireOption('model', name, modelNames);
  if (name === 'cells') return generatePhantoms({ kind: 'cells', count, size: sizes.cells, seed });
  if (name === 'volumes') return generatePhantoms({ kind: 'blobs', count, size: sizes.volumes, seed });
  requireIntegers('modelPhantoms', { count });
  const rng = Rng.fromSeed(seed).split('train');
  const make = (number: number): { readonly image: Image; readonly labels: LabelMap } => {
    const own = rng.split(number);
    if (name === 'registration') return subject(own, sizes.registration[0]);
    // Every frame is of another patient, at any time of a minute.
    return ultrasoundScene(own, sizes.ultrasound).frame(own.split('time').uniform(0, 60));
  };
  const digits = Math.max(3, `${count - 1}`.length);
  const word = name === 'registration' ? 'subject' : 'frame';
  const ids = Array.from({ length: count }, (_, i) => `${word}-${`${i}`.padStart(digits, '0')}`);
  return {
    name: name === 'registration' ? 'generated subjects' : 'generated ultrasound',
    ids,
    channels: 1,
    size: sizes[name],
    labelNames: name === 'registration' ? subjectLabels : ultrasoundLabels,
    load: async (id) => {
      const number = ids.indexOf(id);
      if (number < 0)
        throw new ValueError({ where: name, got: id, expected: `one of ${ids[0]} … ${ids.at(-1)}` });
      return { id, ...make(number) };
    },
  };
}
