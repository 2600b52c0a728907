import { existsSync } from 'node:fs';
import { type Factor, FileError, type ParamsOf, paramTree, setting } from '@sshn/core';
import { type Dataset, type Image, type LabelMap, preprocess, type Split } from '@sshn/data';
import type { Scalable, ScalableSpecs } from '@sshn/hypernet';
import { predictLabels } from '@sshn/losses';
import { networkOf } from '@sshn/model';
import { readModelFile } from '@sshn/model/node';
import { dispose, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import type { RunConfig } from '../config/run-config.js';
import { windowedLabels } from '../evaluation/windows.js';
import { factorIn } from '../methods/prior.js';
import { chosenIntensity, prepareDataset, splitOf } from '../tasks/of-config.js';
import type { KeepOptions } from './kept-images.js';
import { type RunFile, readRunFile } from './run-file.js';
import { bestModel } from './run-model.js';
import { withStoredAlignment } from './stored-alignment.js';
import { describeSplit, digestOf, type MatchedData, matchSplit, readStoredSplit } from './stored-split.js';

/** A trained run: its best model, ready to be evaluated or to segment images. */
export interface Run {
  readonly folder: string;
  readonly config: RunConfig;
  readonly data: RunFile['data'];
  readonly labelNames: readonly string[];
  readonly model: Scalable;
  /** Weights of the best model. */
  readonly params: ParamsOf<ScalableSpecs>;
  /**
   * The images of the run in a dataset, known again by content where they were renamed, and their split.
   *
   * @throws {FileError} if images are missing or replaced.
   */
  match(dataset: Dataset): Promise<MatchedData>;
  /** The split that the run was trained with, of a dataset that `match` gave. @throws {FileError} if it is another one. */
  split(dataset: Dataset): Split;
  /**
   * Images of the run, as `match` gives them, as the network sees them: aligned where they were for training, and their
   * intensities normalized.
   *
   * @throws {FileError} if the run folder has lost how they were aligned.
   */
  prepare(dataset: Dataset): Promise<Dataset>;
  /**
   * Labels of one image (preprocessed as in training), of the size that the network sees.
   *
   * @param factor One for all downsampling steps; of a run with separate ones also a list with one for each.
   * @throws {ValueError} (rejects) if a factor is outside [0, 1], or there are more or fewer than the network takes.
   */
  predict(image: Image, factor: Factor): Promise<LabelMap>;
  /** Frees the weights. */
  dispose(): void;
}

/**
 * Loads what `trainRun` made.
 *
 * @param options `keep` says where aligned images are kept that do not fit into memory. @default all stay in memory
 * @throws {FileError} if the folder holds no run, or one without a validated model yet.
 * @example
 * const run = await loadRun('runs/cells');
 * const labels = await run.predict(image, 0.25);
 */
export async function loadRun(folder: string, { keep }: { readonly keep?: KeepOptions } = {}): Promise<Run> {
  const run = await readRunFile(folder);
  if (run === undefined) {
    throw new FileError({
      path: folder,
      problem: 'is no run folder: it has no run.json',
      remedy: 'Train one with `sshn train`.',
    });
  }
  if (!existsSync(bestModel(folder))) {
    throw new FileError({
      path: bestModel(folder),
      problem: 'is not there: the run has not been validated yet',
      remedy: 'Let `sshn train` go on until the end of a validated epoch.',
    });
  }
  const { config, dataset, data } = run;
  const { channels, size, labelNames } = dataset;
  const stored = await readStoredSplit(folder);
  const loaded = await readModelFile(bestModel(folder));
  const model = networkOf(loaded.manifest);
  const params = paramTree(model.specs, loaded.params);
  return {
    folder,
    config,
    data,
    labelNames,
    model,
    params,
    match: async (opened) => {
      if (stored !== undefined) return matchSplit(stored, opened, data.path);
      requireSameDataset(run, opened);
      const split = splitOf(opened, config);
      const digest = digestOf(await describeSplit(opened, split));
      const changes = [
        'The run keeps no split, as it was begun by an older release: it is drawn again from the seed and the names of the images, and wrong if those have changed.',
      ];
      return { dataset: opened, split, digest, changes };
    },
    split: (opened) => {
      requireSameDataset(run, opened);
      if (stored === undefined) return splitOf(opened, config);
      const of = (part: keyof Split) => stored.images.filter((one) => one.part === part).map(({ id }) => id);
      if (stored.images.every(({ id }) => opened.ids.includes(id))) {
        return { train: of('train'), validation: of('validation'), test: of('test') };
      }
      throw new FileError({
        path: data.path,
        problem: 'its images have other names than when the run was trained',
        remedy: 'Use the dataset that `match` gives.',
      });
    },
    prepare: async (opened) =>
      prepareDataset(await withStoredAlignment(folder, opened, config, stored, keep), config),
    predict: async (image, factor) => {
      const seen = preprocess(image, { size, channels, intensity: chosenIntensity(config) });
      const { values } = seen;
      const at = setting(factorIn(config, factor));
      if (config.patches !== undefined) {
        const window = config.patches.size;
        const weights = model.specialize(params, at);
        try {
          const apply = (input: Tensor) => model.network.apply(weights, input, at);
          return {
            values: await windowedLabels(seen, { window, labelCount: labelNames.length, apply }),
            size,
          };
        } finally {
          dispose(weights as Tensor[]);
        }
      }
      const labels = tidy(() => {
        const weights = model.specialize(params, at);
        return predictLabels(model.network.apply(weights, tensor(values, [1, ...size, channels]), at));
      });
      try {
        return { values: Uint8Array.from(await labels.data()), size };
      } finally {
        labels.dispose();
      }
    },
    dispose: () => dispose([...loaded.params.values()]),
  };
}

function requireSameDataset({ dataset, data }: RunFile, opened: Dataset): void {
  const same =
    opened.ids.length === dataset.images &&
    opened.channels === dataset.channels &&
    opened.size.join() === dataset.size.join() &&
    opened.labelNames.join() === dataset.labelNames.join();
  if (same) return;
  throw new FileError({
    path: data.path,
    problem: `${opened.name} (${opened.ids.length} images of ${opened.size.join('×')}) is not what the run was trained on (${dataset.images} images of ${dataset.size.join('×')})`,
    remedy: 'Name the folder that the run was trained on with --data.',
  });
}
