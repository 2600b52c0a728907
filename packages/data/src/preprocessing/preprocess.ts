import type { Image } from '../dataset/types.js';

/** How intensities are normalized, as data that a model's manifest can hold. */
export type IntensityNormalization =
  /** As they are. */
  | { readonly kind: 'none' }
  /** (x − min) / (max − min) over the whole image: to [0, 1]. */
  | { readonly kind: 'minMax' }
  /** (x − mean) / std over the whole image. */
  | { readonly kind: 'zScore' }
  /** Clipped to two percentiles of the image (0 to 100), then to [0, 1]. */
  | { readonly kind: 'percentile'; readonly low: number; readonly high: number };

/** What happens to an image between its file and the network: the same when training and when predicting. */
export interface Preprocessing {
  /** `[height, width]` or `[depth, height, width]` that the network sees. */
  readonly size: readonly number[];
  /** 1 (grey) or 3 (RGB). */
  readonly channels: number;
  readonly intensity: IntensityNormalization;
}

/** Brings an image to the size, channels and intensities that a network was trained on. */
export function preprocess(_image: Image, _preprocessing: Preprocessing): Image {
  throw new Error('internal: being written');
}
