import { ShapeError } from '@sshn/core';
import { dispatch } from '@sshn/ops';
import {
  customGrad,
  engine,
  type GradConfig,
  type GradSaveFunc,
  getBackend,
  getGradient,
  getKernel,
  leakyRelu,
  registerGradient,
  sum,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import { leakyReluGradient } from '../activation/leaky-relu.js';
import { requireFeatures } from '../check.js';
import { addBias, convolve, gradientToInput, gradientToKernel } from './composed.js';

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
  if (getKernel('SshnConv', getBackend()) != null) {
    if (getGradient('SshnConv') == null) registerGradient(kernelGradient);
    return engine().runKernel('SshnConv', { x, kernel, bias }, { slope });
  }
  const op = customGrad((...args: Array<Tensor | GradSaveFunc>) => {
    const [input, weights, offsets, save] = args as [Tensor, Tensor, Tensor, GradSaveFunc];
    const y = composed(input, weights, offsets, slope);
    save(slope === 1 ? [input, weights] : [input, weights, y]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const { x: toInput, kernel: toKernel, bias: toBias } = gradients(dy, saved, slope);
      return [toInput(), toKernel(), toBias()];
    };
    return { value: y, gradFunc };
  });
  return op(x, kernel, bias);
}

/**
 * The gradient of `SshnConv` where a backend has that kernel. Unlike that of `customGrad` it is asked input by input, and not
 * at all for an image that nothing is trained through.
 */
const kernelGradient: GradConfig = {
  kernelName: 'SshnConv',
  inputsToSave: ['x', 'kernel'],
  outputsToSave: [true],
  gradFunc: (dy, saved, attributes) => gradients(dy as Tensor, saved, attributes.slope as number),
};

/** The three gradients from `[x, kernel, y]`; y, the activation's output, only where there is one. */
function gradients(dy: Tensor, [x, kernel, y]: readonly Tensor[], slope: number) {
  const [dz, toBias] = gradientsBehind(dy, y, slope);
  const kernelSize = kernel!.shape.slice(0, -2);
  const toKernel = dispatch('SshnConvGradKernel', { x: x!, dy: dz }, { kernelSize }, () =>
    gradientToKernel(x!, dz, kernelSize),
  );
  return {
    x: () => {
      const dx = dispatch('SshnConvGradInput', { dy: dz, kernel: kernel! }, {}, () =>
        gradientToInput(dz, kernel!),
      );
      // Its memory, still in the cache, serves the layer before.
      if (dz !== dy) dz.dispose();
      return dx;
    },
    kernel: () => toKernel,
    bias: () => toBias,
  };
}

/** The gradient before the rectifier, and that to the bias. */
function gradientsBehind(dy: Tensor, y: Tensor | undefined, slope: number): [dz: Tensor, toBias: Tensor] {
  const sumOf = (dz: Tensor) => sum(dz, axesButLast(dz));
  if (slope === 1) return [dy, dispatch('SshnConvGradBias', { dy }, {}, () => sumOf(dy))];
  const both = (): Tensor[] => {
    const dz = leakyReluGradient(dy, y!, slope);
    return [dz, sumOf(dz)];
  };
  return dispatch('SshnConvGradRectifier', { dy, y: y! }, { slope }, both) as [Tensor, Tensor];
}

function composed(x: Tensor, kernel: Tensor, bias: Tensor, slope: number): Tensor {
  return tidy(() => {
    const z = addBias(convolve(x, kernel), bias);
    return slope === 1 ? z : leakyRelu(z, slope);
  });
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
