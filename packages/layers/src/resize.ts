import {
  factorAt,
  type Module,
  type NoSpecs,
  requireIntegers,
  requireOption,
  rescaledSize,
} from '@sshn/core';
import { resizeLinear, resizeNearest } from '@sshn/ops';
import type { Tensor } from '@tensorflow/tfjs-core';

/**
 * Variable downsampling: every spatial axis of n pixels becomes max(1, ⌊φ·n + ½⌋), by linear interpolation, where φ is
 * the factor of this step in the `Setting` of the call.
 *
 * Input `[batch, ...spatial, channels]`, 2D or 3D. φ = 1 is the identity, φ = 0 leaves one pixel.
 *
 * @param config.step Which downsampling step of the network this is, from 0; selects the factor when they are separate.
 * @throws {ValueError} if `step` is not an integer ≥ 0; from `apply`, if the setting has separate factors but none for
 * this step.
 * @throws {ShapeError} from `apply`, if the input is not a feature map.
 * @example
 * const half = downsample({ step: 0 }).apply({}, x, setting(0.5));   // [1, 65, 64, 8] -> [1, 33, 32, 8]
 *
 * *Source*: the paper, sections 3, 4.4 and C.2.
 */
export function downsample({ step }: { readonly step: number }): Module<NoSpecs, Tensor, Tensor> {
  requireIntegers('downsample', { step }, 0);
  return {
    specs: {},
    apply: (_params, x, at) => resizeLinear(x, rescaledSize(x.shape.slice(1, -1), factorAt(at, step))),
  };
}

/** What an upsampling layer takes: the features, and the size to bring them to. */
export interface Upsampling {
  /** `[batch, ...spatial, channels]`. */
  readonly x: Tensor;
  /** `[height, width]` or `[depth, height, width]`, in pixels. */
  readonly size: readonly number[];
}

/** Options of upsampling. */
export interface UpsampleConfig {
  /** Between pixels: linear interpolation, or a copy of the nearest one. @default 'linear' */
  readonly method?: 'linear' | 'nearest';
}

/**
 * Upsampling to a given size by linear interpolation or by copies of the nearest pixel, in a U-Net the size of the skip
 * connection.
 *
 * @throws {OptionError} for an unknown method.
 * @throws {ShapeError} from `apply`, if the input is not a feature map. @throws {ValueError} from `apply`, if the size does
 * not fit it.
 * @example
 * const y = upsample().apply({}, { x, size: [65, 64] }, setting(0.5));   // [1, 33, 32, 8] -> [1, 65, 64, 8]
 * const blocks = upsample({ method: 'nearest' });
 *
 * *Source*: the paper, sections 4.4 and A.1, for linear interpolation.
 */
export function upsample({ method = 'linear' }: UpsampleConfig = {}): Module<NoSpecs, Upsampling, Tensor> {
  requireOption('method', method, ['linear', 'nearest']);
  const resize = method === 'linear' ? resizeLinear : resizeNearest;
  return { specs: {}, apply: (_params, { x, size }) => resize(x, size) };
}
