import { factorAt, type Module, requireIntegers, rescaledSize } from '@sshn/core';
import { applyAdaptiveAverage, applyAdaptiveMaximum, requireFeatures } from '@sshn/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { NoSpecs } from '../layer.js';

/**
 * Variable downsampling by the greatest value of every window, in place of `downsample`: every spatial axis of n pixels
 * becomes m = max(1, ⌊φ·n + ½⌋), and output i sees inputs ⌊i·n/m⌋ … ⌈(i+1)·n/m⌉ − 1. For φ = ½ and even sizes this is ordinary
 * 2×2 pooling; windows overlap by a pixel where sizes do not divide.
 *
 * Input `[batch, ...spatial, channels]`, 2D or 3D. φ = 1 is the identity, φ = 0 leaves one pixel.
 *
 * @param config.step Which downsampling step of the network this is, from 0; selects the factor when they are separate.
 * @throws {ValueError} if `step` is not an integer ≥ 0; from `apply`, if the rescaling has separate factors but none for
 * this step.
 * @throws {ShapeError} from `apply`, if the input is not a feature map.
 * @example
 * const half = maximumPooling({ step: 0 }).apply({}, x, rescaling(0.5));   // [1, 65, 64, 8] -> [1, 33, 32, 8]
 *
 * *Source*: Ronneberger et al., "U-Net" (2015), for φ = ½; windows as in PyTorch's `AdaptiveMaxPool2d`.
 */
export function maximumPooling({ step }: { readonly step: number }): Module<NoSpecs, Tensor, Tensor> {
  return downsampling('maximumPooling', step, applyAdaptiveMaximum);
}

/**
 * Variable downsampling by the mean of every window, in place of `downsample`: sizes and windows are those of
 * `maximumPooling`. Unlike linear resizing, every pixel of the input counts, whatever the factor.
 *
 * @throws what `maximumPooling` throws.
 * @example
 * const half = averagePooling({ step: 0 }).apply({}, x, rescaling(0.5));   // [1, 65, 64, 8] -> [1, 33, 32, 8]
 *
 * *Source*: windows as in PyTorch's `AdaptiveAvgPool2d`.
 */
export function averagePooling({ step }: { readonly step: number }): Module<NoSpecs, Tensor, Tensor> {
  return downsampling('averagePooling', step, applyAdaptiveAverage);
}

function downsampling(
  where: string,
  step: number,
  pool: (x: Tensor, size: readonly number[]) => Tensor,
): Module<NoSpecs, Tensor, Tensor> {
  requireIntegers(where, { step }, 0);
  return {
    specs: {},
    apply(_params, x, at) {
      requireFeatures(where, x);
      return pool(x, rescaledSize(x.shape.slice(1, -1), factorAt(at, step)));
    },
  };
}
