import { type Dataset, preprocess } from '@sshn/data';
import type { RunConfig } from '../config/run-config.js';

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
