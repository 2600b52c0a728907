import { kaimingNormal, type Module, type ParamSpec, requireIntegers, ValueError, zeros } from '@sshn/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { defaultSlope } from '../leaky-relu.js';
import { applyConvolution } from './operation.js';

/** Options of a convolution. */
export interface ConvolutionConfig {
  /** Spatial dimensions: 2 for images, 3 for volumes. @default 2 */
  readonly rank?: 2 | 3;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Odd edge length of the kernel in pixels: one for all axes, or one per axis. @default 3 */
  readonly kernelSize?: number | readonly number[];
  /** What follows the bias; 'leakyRelu' is computed in the same pass. @default 'none' */
  readonly activation?: 'none' | 'leakyRelu';
  /** Slope of the LeakyReLU, in (0, 1]. @default 0.01 */
  readonly slope?: number;
}

/** Parameters of a convolution. */
export type ConvolutionSpecs = {
  readonly kernel: ParamSpec;
  readonly bias: ParamSpec;
};

/**
 * Convolution with bias, stride 1 and zero padding that keeps the size: y = a(k * x + b).
 *
 * Input `[batch, height, width, inChannels]` (rank 3: `[batch, depth, height, width, inChannels]`), output the same with
 * `outChannels`. Kernels start by Kaiming's rule for the activation that follows, biases at zero.
 *
 * @throws {ValueError} if a channel count is not a positive integer or a kernel edge not a positive odd one.
 * @throws {ShapeError} from `apply`, if the input's rank or channels do not fit.
 * @example
 * const conv = convolution({ inChannels: 1, outChannels: 16, activation: 'leakyRelu' });
 * const y = conv.apply(params, image, rescaling(0.5));   // [1, 64, 64, 1] -> [1, 64, 64, 16]
 */
export function convolution(config: ConvolutionConfig): Module<ConvolutionSpecs, Tensor, Tensor> {
  const {
    rank = 2,
    inChannels,
    outChannels,
    kernelSize = 3,
    activation = 'none',
    slope = defaultSlope,
  } = config;
  requireIntegers('convolution', { inChannels, outChannels });
  const window = typeof kernelSize === 'number' ? Array<number>(rank).fill(kernelSize) : [...kernelSize];
  if (
    window.length !== rank ||
    !window.every((edge) => Number.isInteger(edge) && edge > 0 && edge % 2 === 1)
  ) {
    throw new ValueError({
      where: 'convolution: kernelSize',
      got: kernelSize,
      expected: `an odd positive integer, or ${rank} of them`,
    });
  }
  const appliedSlope = activation === 'leakyRelu' ? slope : 1;
  if (!(appliedSlope > 0 && appliedSlope <= 1)) {
    throw new ValueError({ where: 'convolution: slope', got: slope, expected: 'a number in (0, 1]' });
  }
  const fanIn = window.reduce((product, edge) => product * edge, inChannels);
  const spatial =
    rank === 3 ? ['kernelDepth', 'kernelHeight', 'kernelWidth'] : ['kernelHeight', 'kernelWidth'];
  return {
    specs: {
      kernel: {
        kind: 'param',
        role: 'kernel',
        axes: [...spatial, 'inChannels', 'outChannels'],
        shape: [...window, inChannels, outChannels],
        fanIn,
        init: kaimingNormal(fanIn, appliedSlope),
      },
      bias: { kind: 'param', role: 'bias', axes: ['outChannels'], shape: [outChannels], fanIn, init: zeros },
    },
    apply: ({ kernel, bias }, x) => applyConvolution(x, kernel, bias, appliedSlope),
  };
}
