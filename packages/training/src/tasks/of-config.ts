import { Rng } from '@sshn/core';
import {
  type Dataset,
  pairDataset,
  pairId,
  pairsWithin,
  preprocess,
  type Split,
  splitDataset,
} from '@sshn/data';
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
 * @throws {ValueError} if a part has too few subjects to make a pair.
 */
export function examplesOf(dataset: Dataset, config: RunConfig): Examples {
  const rng = Rng.fromSeed(config.seed);
  const split = splitDataset(dataset, rng);
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
export function prepareDataset(dataset: Dataset, { intensity }: Pick<RunConfig, 'intensity'>): Dataset {
  const { size, channels } = dataset;
  return {
    ...dataset,
    load: async (id) => {
      const example = await dataset.load(id);
      return { ...example, image: preprocess(example.image, { size, channels, intensity }) };
    },
  };
}
