import {
  kaimingNormal,
  type Module,
  type ParamSpec,
  requireIntegers,
  requireRank,
  ValueError,
  zeros,
} from '@sshn/core';
import { applyConvolution, applyJoinedConvolution, type JoinedFeatures } from '@sshn/ops';
import { add, mul, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { type ActivationConfig, activationSlope } from './activation.js';
import { type FilmSpecs, filmSpecs } from './film.js';

/** Options of a convolution. */
export interface ConvolutionConfig extends ActivationConfig {
  /** Spatial dimensions: 2 for images, 3 for volumes. @default 2 */
  readonly rank?: 2 | 3;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Odd edge length of the kernel in pixels: one for all axes, or one per axis (depth first). @default 3 */
  readonly kernelSize?: number | readonly number[];
}

/** What a convolution reads: features, or those of a lower resolution and a skip as one map. */
export type ConvolutionInput = Tensor | JoinedFeatures;

/** Parameters of a convolution. */
export type ConvolutionSpecs = {
  readonly kernel: ParamSpec;
  readonly bias: ParamSpec;
};

/**
 * Convolution with bias, stride 1 and zero padding that keeps the size: y = a(k * x + b).
 *
 * Input `[batch, height, width, inChannels]` (rank 3: `[batch, depth, height, width, inChannels]`), output the same with
 * `outChannels`. `{ low, skip }` is read as the map low, linearly upsampled to the size of the skip, and the skip behind it in one
 * tensor; where that is faster neither is made. The kernel starts by Kaiming's rule for the activation that follows, the bias at zero.
 *
 * @throws {ValueError} if the rank is not 2 or 3, a channel count not a positive integer, a kernel edge not a positive odd one,
 * or the slope outside [0, 1] or without use; from `apply`, if the input is not float32.
 * @throws {OptionError} for an unknown activation.
 * @throws {ShapeError} from `apply`, if the rank or the channels of the input do not fit.
 * @example
 * const conv = convolution({ inChannels: 1, outChannels: 16, activation: 'leakyRelu' });
 * const params = initialize(conv.specs, Rng.fromSeed(1));
 * const y = conv.apply(params, image, setting(0.5));   // [1, 64, 64, 1] -> [1, 64, 64, 16]
 *
 * *Source*: the paper, section 4.4; initialization as in He et al., "Delving deep into rectifiers" (2015).
 */
export function convolution(config: ConvolutionConfig): Module<ConvolutionSpecs, ConvolutionInput, Tensor> {
  const { specs, slope } = convolutionParts(config);
  return {
    specs,
    apply: ({ kernel, bias }, x) => convolve(x, kernel, bias, slope),
  };
}

function convolve(x: ConvolutionInput, kernel: Tensor, bias: Tensor, slope: number): Tensor {
  if ('low' in x) return applyJoinedConvolution(x, kernel, bias, slope);
  return applyConvolution(x, kernel, bias, slope);
}

/** What a convolution's options amount to: its parameters, and the slope of what follows (1 for nothing). */
export function convolutionParts(config: ConvolutionConfig): { specs: ConvolutionSpecs; slope: number } {
  const { rank = 2, inChannels, outChannels, kernelSize = 3 } = config;
  requireRank('convolution', rank);
  requireIntegers('convolution', { inChannels, outChannels });
  const window = typeof kernelSize === 'number' ? Array<number>(rank).fill(kernelSize) : [...kernelSize];
  if (window.length !== rank || !window.every((edge) => edge > 0 && edge % 2 === 1)) {
    throw new ValueError({
      where: 'convolution: kernelSize',
      got: kernelSize,
      expected: `an odd positive integer, or ${rank} of them`,
    });
  }
  const slope = activationSlope('convolution', config);
  const fanIn = window.reduce((product, edge) => product * edge, inChannels);
  const edges = ['kernelDepth', 'kernelHeight', 'kernelWidth'].slice(-rank);
  return {
    slope,
    specs: {
      kernel: {
        kind: 'param',
        role: 'kernel',
        axes: [...edges, 'inChannels', 'outChannels'],
        shape: [...window, inChannels, outChannels],
        fanIn,
        init: kaimingNormal(fanIn, slope),
      },
      bias: { kind: 'param', role: 'bias', axes: ['outChannels'], shape: [outChannels], fanIn, init: zeros },
    },
  };
}

/** Parameters of a convolution that FiLM modulates. */
export type ModulatedConvolutionSpecs = ConvolutionSpecs & FilmSpecs;

/**
 * Convolution, then FiLM, then the activation: y = a((1 + γ) · (k * x + b) + β).
 *
 * Computed as the convolution with kernel (1 + γ)·k and bias (1 + γ)·b + β, which is the same and costs nothing per
 * pixel. Shapes are those of `convolution`; γ and β, one per output channel, start at 0, so it starts as the convolution
 * alone.
 *
 * @throws what `convolution` throws.
 * @example
 * const layer = modulatedConvolution({ inChannels: 1, outChannels: 16, activation: 'leakyRelu' });
 * const params = initialize(layer.specs, Rng.fromSeed(1));   // { kernel, bias, gamma, beta }
 *
 * *Source*: the paper, section 4.3 ("FiLM operations after every convolutional operation"); Perez et al., "FiLM: Visual
 * reasoning with a general conditioning layer" (2018).
 */
export function modulatedConvolution(
  config: ConvolutionConfig,
): Module<ModulatedConvolutionSpecs, ConvolutionInput, Tensor> {
  const { outChannels } = config;
  const { specs, slope } = convolutionParts(config);
  return {
    specs: { ...specs, ...filmSpecs(outChannels) },
    apply({ kernel, bias, gamma, beta }, x) {
      return tidy(() => {
        const scale = add(gamma, 1);
        return convolve(x, mul(kernel, scale), add(mul(bias, scale), beta), slope);
      });
    },
  };
}
