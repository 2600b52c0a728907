import type { Image } from '../dataset/types.js';
import { convertChannels } from '../geometry/channels.js';
import { resizeImage } from '../geometry/resize.js';
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
 * @param onCollapse Called with a sentence if the percentiles or the window make one value of the whole image.
 * @throws {ShapeError} if the image has another number of axes, or channels that cannot be converted.
 * @throws {OptionError} or {ValueError} if the preprocessing makes no sense.
 * @example
 * const input = preprocess(await decodeImage(bytes, 'cell.bmp'), model.manifest.preprocessing);
 */
export function preprocess(
  image: Image,
  { size, channels, intensity }: Preprocessing,
  onCollapse?: (problem: string) => void,
): Image {
  const resized = resizeImage(convertChannels(image, channels), size);
  return { ...resized, values: normalizeIntensity(resized.values, intensity, onCollapse) };
}
