import { dispatch, ShapeError } from '@sshn/core';
import { add, customGrad, type GradSaveFunc, leakyRelu, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { leakyReluGradient } from '../activation/leaky-relu.js';
import { requireFeatures } from '../check.js';
import { convolve, gradientToInput, gradientToKernel } from './composed.js';

/**
 * Convolution with stride 1 and zero padding that keeps the size, plus bias, plus LeakyReLU, in one differentiable step:
 * y = a(k * x + b). As everywhere in the field, the kernel is not flipped (cross-correlation).
 *
 * @param x `[batch, height, width, in]` or `[batch, depth, height, width, in]`, float32.
 * @param kernel `[...window, in, out]` with odd window edges.
 * @param bias `[out]`.
 * @param slope Of the LeakyReLU that follows, in [0, 1]; 1 for none. @default 1
 * @returns `[batch, ...spatial, out]`.
 * @throws {ShapeError} if the three do not fit each other. @throws {ValueError} if `x` is not float32.
 * @example
 * const y = applyConvolution(image, kernel, bias, 0.01);   // [1, 64, 64, 3], [3, 3, 3, 8], [8] -> [1, 64, 64, 8]
 */
export function applyConvolution(x: Tensor, kernel: Tensor, bias: Tensor, slope = 1): Tensor {
  requireOperands(x, kernel, bias);
  const kernelSize = kernel.shape.slice(0, -2);
  const op = customGrad((...args: Array<Tensor | GradSaveFunc>) => {
    const [input, weights, offsets, save] = args as [Tensor, Tensor, Tensor, GradSaveFunc];
    const y = forward(input, weights, offsets, slope);
    save(slope === 1 ? [input, weights] : [input, weights, y]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const [savedInput, savedWeights, savedOutput] = saved as [Tensor, Tensor, Tensor | undefined];
      const dz = savedOutput === undefined ? dy : leakyReluGradient(dy, savedOutput, slope);
      return [
        dispatch('SshnConvGradInput', { dy: dz, kernel: savedWeights }, {}, () =>
          gradientToInput(dz, savedWeights),
        ),
        dispatch('SshnConvGradKernel', { x: savedInput, dy: dz }, { kernelSize }, () =>
          gradientToKernel(savedInput, dz, kernelSize),
        ),
        dispatch('SshnConvGradBias', { dy: dz }, {}, () => sum(dz, axesButLast(dz))),
      ];
    };
    return { value: y, gradFunc };
  });
  return op(x, kernel, bias);
}

function forward(x: Tensor, kernel: Tensor, bias: Tensor, slope: number): Tensor {
  return dispatch('SshnConv', { x, kernel, bias }, { slope }, () =>
    tidy(() => {
      const z = add(convolve(x, kernel), bias);
      return slope === 1 ? z : leakyRelu(z, slope);
    }),
  );
}

function requireOperands(x: Tensor, kernel: Tensor, bias: Tensor): void {
  const window = kernel.shape.slice(0, -2);
  if ((kernel.rank !== 4 && kernel.rank !== 5) || !window.every((edge) => edge % 2 === 1)) {
    throw new ShapeError({
      where: 'convolution: kernel',
      got: kernel.shape,
      expected: '[...window, in, out] with two or three odd window edges',
    });
  }
  const [inChannels, outChannels] = kernel.shape.slice(-2) as [number, number];
  requireFeatures('convolution', x, window.length, inChannels);
  if (bias.rank !== 1 || bias.shape[0] !== outChannels)
    throw new ShapeError({ where: 'convolution: bias', got: bias.shape, expected: `[${outChannels}]` });
}

function axesButLast(x: Tensor): number[] {
  return Array.from({ length: x.rank - 1 }, (_, i) => i);
}
