import { Rng, ValueError } from '@sshn/core';
import {
  type Dataset,
  folds,
  type IntensityNormalization,
  pairDataset,
  pairId,
  pairsWithin,
  preprocess,
  type Split,
  splitDataset,
  splitGroups,
} from '@sshn/data';
import { requirePatches } from '../config/patches.js';
import type { RunConfig } from '../config/run-config.js';
import { registration } from './registration.js';
import { segmentation } from './segmentation.js';
import type { Task } from './task.js';

/** The task that a configuration names. */
export function taskOf(config: RunConfig): Task {
  return config.task === 'registration' ? registration(config) : segmentation(config);
}

/** What is trained and evaluated on. */
export interface Examples {
  readonly dataset: Dataset;
  readonly split: Split;
}

/**
 * The examples of a dataset and their split by subject, as the seed of a configuration draws it: its images, or for
 * registration all pairs of images within each part.
 *
 * @param given The split of the images, where it is known. @default drawn as the configuration says
 * @throws {ValueError} if a part has too few subjects to make a pair. @throws {ShapeError} if patches have other axes than images.
 */
export function examplesOf(dataset: Dataset, config: RunConfig, given?: Split): Examples {
  requirePatches(config, dataset);
  const rng = Rng.fromSeed(config.seed);
  const split = given ?? splitOf(dataset, config);
  if (config.task === 'segmentation') return { dataset, split };
  const { atlas, pairsPerImage } = config.registration;
  const pairsOf = (part: keyof Split) =>
    pairsWithin(dataset, split[part], {
      ...(atlas === undefined ? {} : { atlas }),
      // A test set is always whole.
      ...(pairsPerImage === undefined || part === 'test' ? {} : { perImage: pairsPerImage }),
      rng: rng.split('pairs'),
    });
  const parts = { train: pairsOf('train'), validation: pairsOf('validation'), test: pairsOf('test') };
  return {
    dataset: pairDataset(dataset, Object.values(parts).flat()),
    split: {
      train: parts.train.map(pairId),
      validation: parts.validation.map(pairId),
      test: parts.test.map(pairId),
    },
  };
}

/** A dataset whose images have their intensities normalized as the configuration says. */
export function prepareDataset(dataset: Dataset, config: Pick<RunConfig, 'intensity'>): Dataset {
  const intensity = chosenIntensity(config);
  const { size, channels } = dataset;
  return {
    ...dataset,
    load: async (id) => {
      const example = await dataset.load(id);
      return { ...example, image: preprocess(example.image, { size, channels, intensity }) };
    },
  };
}

/**
 * The split of a dataset's images, by subject, as a configuration draws it.
 *
 * @throws {ValueError} if there are fewer subjects than folds, or the split is in a file.
 */
export function splitOf(dataset: Dataset, { seed, split }: Pick<RunConfig, 'seed' | 'split'>): Split {
  const rng = Rng.fromSeed(seed);
  if (split === undefined) return splitDataset(dataset, rng);
  if (split.kind === 'shares') {
    const { train, validation, test } = split;
    const sum = train + validation + test;
    return splitDataset(dataset, rng, [train / sum, validation / sum, test / sum]);
  }
  if (split.kind === 'file') {
    throw new ValueError({
      where: 'split',
      got: split,
      expected: 'shares or folds',
      hint: 'Read the file with readSplit, and give its split.',
    });
  }
  const { subjectOf: groupOf = (id: string) => id, ids } = dataset;
  const { train: rest, test } = folds(ids, rng, { count: split.count, groupOf })[split.fold - 1]!;
  // A fifth of what is not tested validates.
  const { train, test: validation } = splitGroups(rest, groupOf, rng.split('validation'), [0.8, 0, 0.2]);
  return { train, validation, test };
}

/** @throws {ValueError} unless there are images to train on and to validate with. */
export function requireParts(split: Split, task: RunConfig['task']): void {
  const noun = task === 'registration' ? 'pairs' : 'images';
  const all = split.train.length + split.validation.length + split.test.length;
  if (split.train.length > 0 && split.validation.length > 0) return;
  throw new ValueError({
    where: `${noun} for training, validation and test`,
    got: [split.train.length, split.validation.length, split.test.length],
    expected: 'at least one for training and one for validation',
    hint:
      all < 2
        ? 'Give more images.'
        : 'Give more images, or other shares: --split 60/20/20, in a configuration split: { kind: shares, train: 60, validation: 20, test: 20 }.',
  });
}

/** The normalization of a configuration. @throws {ValueError} if it is still to be chosen from the images. */
export function chosenIntensity({ intensity }: Pick<RunConfig, 'intensity'>): IntensityNormalization {
  if (intensity.kind !== 'auto') return intensity;
  throw new ValueError({
    where: 'intensity',
    got: 'auto',
    expected: 'a normalization',
    hint: 'Choose one from the images with chooseIntensity of @sshn/data.',
  });
}
