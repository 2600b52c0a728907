import type { Dataset, Image } from '../dataset/types.js';
import { convertChannels } from '../geometry/channels.js';
import { resizeImage, resizeLabels } from '../geometry/resize.js';
import { type IntensityNormalization, normalizeIntensity } from './intensity.js';

/**
 * What happens to an image between its file and the network, as data: stored with a model, so that predicting does
 * what training did.
 */
export interface Preprocessing {
  /** `[height, width]` or `[depth, height, width]` that the network sees. */
  readonly size: readonly number[];
  /** 1 (grey) or 3 (RGB). */
  readonly channels: number;
  readonly intensity: IntensityNormalization;
}

/**
 * Brings an image to the channels, the size (antialiased) and the intensities that a network is trained on, in this
 * order.
 *
 * @throws {ShapeError} if the image has another number of axes, or channels that cannot be converted.
 * @throws {OptionError} or {ValueError} if the preprocessing makes no sense.
 * @example
 * const input = preprocess(await decodeImage(bytes, 'cell.bmp'), model.manifest.preprocessing);
 */
export function preprocess(image: Image, { size, channels, intensity }: Preprocessing): Image {
  const resized = resizeImage(convertChannels(image, channels), size);
  return { ...resized, values: normalizeIntensity(resized.values, intensity) };
}

/**
 * The same dataset with every image preprocessed, and its labels resized along.
 *
 * @example
 * const dataset = cacheDataset(preprocessDataset(await openFolder('data'), preprocessing));
 */
export function preprocessDataset(dataset: Dataset, preprocessing: Preprocessing): Dataset {
  const { size, channels } = preprocessing;
  return {
    ...dataset,
    size,
    channels,
    load: async (id) => {
      const { image, labels } = await dataset.load(id);
      return { id, image: preprocess(image, preprocessing), labels: resizeLabels(labels, size) };
    },
  };
}
