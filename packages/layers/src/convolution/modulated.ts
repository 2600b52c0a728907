import type { Module } from '@sshn/core';
import { applyConvolution } from '@sshn/ops';
import { add, mul, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { type FilmSpecs, filmSpecs } from '../film.js';
import { type ConvolutionConfig, type ConvolutionSpecs, convolutionParts } from './convolution.js';

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
): Module<ModulatedConvolutionSpecs, Tensor, Tensor> {
  const { outChannels } = config;
  const { specs, slope } = convolutionParts(config);
  return {
    specs: { ...specs, ...filmSpecs(outChannels) },
    apply({ kernel, bias, gamma, beta }, x) {
      return tidy(() => {
        const scale = add(gamma, 1);
        return applyConvolution(x, mul(kernel, scale), add(mul(bias, scale), beta), slope);
      });
    },
  };
}
