import { dispatch, ShapeError } from '@sshn/core';
import { add, customGrad, leakyRelu, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { leakyReluGradient } from '../leaky-relu.js';
import { convolve, gradientToInput, gradientToKernel } from './composed.js';

/**
 * Convolution with stride 1 and zero padding that keeps the size, plus bias, plus LeakyReLU; differentiable in all three.
 *
 * @param x `[batch, height, width, in]` or `[batch, depth, height, width, in]`.
 * @param kernel `[...window, in, out]` with odd window edges.
 * @param bias `[out]`.
 * @param slope Of the LeakyReLU that follows; 1 for none. @default 1
 * @returns `[batch, ...spatial, out]`.
 * @throws {ShapeError} if the channels or ranks do not fit.
 */
export function applyConvolution(x: Tensor, kernel: Tensor, bias: Tensor, slope = 1): Tensor {
  const inChannels = kernel.shape[kernel.rank - 2]!;
  if (x.rank !== kernel.rank || x.shape[x.rank - 1] !== inChannels) {
    const spatial = kernel.rank === 5 ? 'depth, height, width' : 'height, width';
    throw new ShapeError({
      where: 'convolution',
      got: x.shape,
      expected: `[batch, ${spatial}, ${inChannels}]`,
      hint: 'Arrays are channels-last; transpose channels-first data first.',
    });
  }
  const kernelSize = kernel.shape.slice(0, -2);
  const op = customGrad((...args) => {
    const [input, weights, offsets, save] = args as unknown as [
      Tensor,
      Tensor,
      Tensor,
      (tensors: Tensor[]) => void,
    ];
    const y = forward(input, weights, offsets, slope);
    save(slope === 1 ? [input, weights] : [input, weights, y]);
    const gradFunc = (dy: Tensor, [savedInput, savedWeights, savedOutput]: Tensor[]): Tensor[] => {
      const dz = savedOutput === undefined ? dy : leakyReluGradient(dy, savedOutput, slope);
      return [
        dispatch('SshnConvGradInput', { dy: dz, kernel: savedWeights! }, {}, () =>
          gradientToInput(dz, savedWeights!),
        ),
        dispatch('SshnConvGradKernel', { x: savedInput!, dy: dz }, { kernelSize }, () =>
          gradientToKernel(savedInput!, dz, kernelSize),
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

function axesButLast(x: Tensor): number[] {
  return Array.from({ length: x.rank - 1 }, (_, i) => i);
}
