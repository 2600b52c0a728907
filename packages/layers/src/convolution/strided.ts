import { factorAt, type Module, requireIntegers, rescaledSize } from '@sshn/core';
import { addBias, applyLeakyRelu, padSpatial, requireFeatures } from '@sshn/ops';
import {
  conv2d,
  conv3d,
  slice,
  type Tensor,
  type Tensor4D,
  type Tensor5D,
  tidy,
} from '@tensorflow/tfjs-core';
import { type ConvolutionConfig, type ConvolutionSpecs, convolutionParts } from './convolution.js';
import { commonStride, sampledPositions } from './sampling.js';
import { cutWindows } from './windows.js';

/** Options of a strided convolution: those of a convolution, and its step. */
export interface StridedConvolutionConfig extends ConvolutionConfig {
  /** Which downsampling step of the network this is, from 0; selects the factor when they are separate. */
  readonly step: number;
}

/**
 * Variable downsampling by a convolution that is computed at some positions only, in place of `downsample` and a convolution:
 * every spatial axis of n pixels becomes m = max(1, ⌊φ·n + ½⌋).
 *
 * Where n is m times a whole number s, or nearly so (odd sizes at φ = ½), this is the usual convolution of stride s. For any
 * other factor there is no one stride: output i is then the convolution centered on the input pixel nearest to the middle of
 * its share, (i + ½)·n/m − ½ (of two equally near, the earlier), so distances differ by a pixel. Either way it equals the
 * convolution of stride 1 looked at in those positions, at the cost of those positions only. φ = 1 is that convolution, φ = 0
 * leaves the one in the middle.
 *
 * Input `[batch, ...spatial, inChannels]`, output `[batch, ...rescaled, outChannels]`. Parameters, activation and start are
 * those of `convolution`.
 *
 * @throws {ValueError} if `step` is not an integer ≥ 0, and as `convolution` does; from `apply`, if the rescaling has separate
 * factors but none for this step.
 * @throws {OptionError} for an unknown activation.
 * @throws {ShapeError} from `apply`, if the rank or the channels of the input do not fit.
 * @example
 * const down = stridedConvolution({ step: 0, inChannels: 8, outChannels: 8, activation: 'leakyRelu' });
 * const half = down.apply(params, x, rescaling(0.5));            // [1, 65, 64, 8] -> [1, 33, 32, 8]
 *
 * *Source*: Springenberg et al., "Striving for simplicity: the all convolutional net" (2015), for whole strides.
 */
export function stridedConvolution(
  config: StridedConvolutionConfig,
): Module<ConvolutionSpecs, Tensor, Tensor> {
  const { step, rank = 2, inChannels } = config;
  requireIntegers('stridedConvolution', { step }, 0);
  const { specs, slope } = convolutionParts(config);
  return {
    specs,
    apply({ kernel, bias }, x, at) {
      requireFeatures('stridedConvolution', x, rank, inChannels);
      const size = rescaledSize(x.shape.slice(1, -1), factorAt(at, step));
      return tidy(() => {
        const y = addBias(convolveAt(x, kernel, size), bias);
        return slope === 1 ? y : applyLeakyRelu(y, slope);
      });
    },
  };
}

/** The convolution with zero padding, without bias, at the sampled positions: `[batch, ...size, out]`. */
function convolveAt(x: Tensor, kernel: Tensor, size: readonly number[]): Tensor {
  const window = kernel.shape.slice(0, -2);
  const reach = window.map((edge) => (edge - 1) / 2);
  const positions = size.map((to, axis) => sampledPositions(x.shape[axis + 1]!, to));
  let y = padSpatial(x, reach);
  const strides = positions.map((places, axis) => {
    const edge = window[axis]!;
    const stride = commonStride(places);
    if (stride === undefined) {
      y = cutWindows(y, axis + 1, places, edge); // in padded pixels, a window begins where its center was
      return edge;
    }
    const begin = y.shape.map((_, i) => (i === axis + 1 ? places[0]! : 0));
    y = slice(y, begin, y.shape.with(axis + 1, (places.length - 1) * stride + edge));
    return stride;
  });
  return kernel.rank === 4
    ? conv2d(y as Tensor4D, kernel as Tensor4D, strides as [number, number], 'valid')
    : conv3d(y as Tensor5D, kernel as Tensor5D, strides as [number, number, number], 'valid');
}
