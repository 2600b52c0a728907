import { factorAt, type Module, requireIntegers, rescaledSize } from '@sshn/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { resizeLinear } from './operation.js';

/**
 * Variable downsampling: every spatial axis of n pixels becomes max(1, ⌊φ·n + ½⌋), by linear interpolation, where φ is
 * the factor of this step in the `Rescaling` of the call.
 *
 * Input `[batch, ...spatial, channels]`, 2D or 3D.
 *
 * @param config.step Which downsampling step of the network this is, from 0; selects the factor when they are separate.
 * @throws {ValueError} from `apply`, if the rescaling has separate factors but none for this step.
 *
 * *Source*: the paper, sections 3, 4.4 and C.2.
 */
export function downsample({ step }: { readonly step: number }): Module<{}, Tensor, Tensor> {
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

/**
 * Upsampling to a given size by linear interpolation, in a U-Net the size of the skip connection.
 *
 * *Source*: the paper, sections 4.4 and A.1.
 */
export function upsample(): Module<{}, Upsampling, Tensor> {
  return { specs: {}, apply: (_params, { x, size }) => resizeLinear(x, size) };
}
