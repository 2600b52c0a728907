import { ShapeError } from '@sshn/core';
import {
  add,
  conv2d,
  engine,
  type GradConfig,
  getBackend,
  getGradient,
  getKernel,
  leakyRelu,
  matMul,
  pad,
  registerGradient,
  reshape,
  reverse,
  slice,
  stack,
  sum,
  type Tensor,
  type Tensor4D,
  tidy,
  transpose,
} from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable.js';
import { requireFeatures } from '../features.js';
import { leakyReluGradient } from './activation.js';
import { dispatcher, type Kernel, type KernelRules, sizeOf, type TensorShape } from './contract.js';

/** Kernels of the convolution with stride 1 and zero padding; shapes as everywhere, `[batch, ...spatial, channels]`. */
export interface ConvolutionKernels {
  /** leaky(conv(x, kernel) + bias); slope 1 is linear. kernel `[...window, in, out]`. */
  SshnConv: Kernel<'x' | 'kernel' | 'bias', { readonly slope: number }>;
  /** The gradient to x. */
  SshnConvGradInput: Kernel<'dy' | 'kernel'>;
  /** The gradient to the kernel, whose window is `kernelSize`. */
  SshnConvGradKernel: Kernel<'x' | 'dy', { readonly kernelSize: readonly number[] }>;
  /** The sum of dy over all axes but the last. */
  SshnConvGradBias: Kernel<'dy'>;
  /** dy where y > 0, else slope · dy; and its sum over all axes but the last. */
  SshnConvGradRectifier: Kernel<'dy' | 'y', { readonly slope: number }, 2>;
}

const dispatch = /* @__PURE__ */ dispatcher<ConvolutionKernels>();

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
  return differentiable([x, kernel, bias], {
    forward: (input, weights, offsets) => {
      const value = composed(input, weights, offsets, slope);
      return { value, saved: slope === 1 ? [input, weights] : [input, weights, value] };
    },
    backward: (dy, ...saved) => {
      const to = gradients(dy, saved, slope);
      return [to.x(), to.kernel(), to.bias()];
    },
  });
}

/**
 * The gradient of `SshnConv` where a backend has that kernel. Unlike that of `differentiable` it is asked input by input, and not
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
export function gradientsBehind(
  dy: Tensor,
  y: Tensor | undefined,
  slope: number,
): [dz: Tensor, toBias: Tensor] {
  const sumOf = (dz: Tensor) => sum(dz, axesButLast(dz));
  if (slope === 1) return [dy, dispatch('SshnConvGradBias', { dy }, {}, () => sumOf(dy))];
  return dispatch('SshnConvGradRectifier', { dy, y: y! }, { slope }, () => {
    const dz = leakyReluGradient(dy, y!, slope);
    return [dz, sumOf(dz)];
  });
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

export const convolutionRules: KernelRules<ConvolutionKernels> = {
  SshnConv: {
    shapes: ({ x, kernel }) => ({ shape: x.shape.with(-1, kernel.shape.at(-1)!), dtype: x.dtype }),
    // The bias, and LeakyReLU where there is one.
    work: ({ kernel }, { slope }, [y]) => ({
      macs: convolutionMacs(y!, kernel),
      elementwise: (slope === 1 ? 1 : 2) * sizeOf(y!),
    }),
  },
  SshnConvGradInput: {
    shapes: ({ dy, kernel }) => ({ shape: dy.shape.with(-1, kernel.shape.at(-2)!), dtype: dy.dtype }),
    work: ({ dy, kernel }) => ({ macs: convolutionMacs(dy, kernel) }),
  },
  SshnConvGradKernel: {
    shapes: ({ x, dy }, { kernelSize }) => ({
      shape: [...kernelSize, x.shape.at(-1)!, dy.shape.at(-1)!],
      dtype: dy.dtype,
    }),
    work: ({ dy }, _, [kernel]) => ({ macs: convolutionMacs(dy, kernel!) }),
  },
  SshnConvGradBias: {
    shapes: ({ dy }) => ({ shape: dy.shape.slice(-1), dtype: dy.dtype }),
    work: ({ dy }) => ({ elementwise: sizeOf(dy) }),
  },
  SshnConvGradRectifier: {
    shapes: ({ dy }) => [dy, { shape: dy.shape.slice(-1), dtype: dy.dtype }],
    work: ({ dy }) => ({ elementwise: 2 * sizeOf(dy) }),
  },
};

/**
 * The multiply-adds of a convolution and of both its gradients, padding counted:
 * batch · ∏(window) · inChannels · outChannels · ∏(spatial size of the forward output).
 *
 * @param result What the forward pass makes, or its gradient. @param filter `[...window, inChannels, outChannels]`.
 */
export function convolutionMacs(
  result: Pick<TensorShape, 'shape'>,
  filter: Pick<TensorShape, 'shape'>,
): number {
  return (sizeOf(result) / filter.shape.at(-1)!) * sizeOf(filter);
}

// From here on: convolution and its gradients from ordinary tfjs ops, for backends without these kernels. Everything is a
// stride-1 forward 2D convolution, the one operation that is fast on all backends: the gradient to the input is one with the
// flipped filter, the gradient to the filter one with batch and channels exchanged, and a 3D convolution a sum of 2D ones over
// the slices of its filter.

/** x `[batch, ...spatial, in]`, kernel `[...window, in, out]` → `[batch, ...spatial, out]`, zero padding, no bias. */
function convolve(x: Tensor, kernel: Tensor): Tensor {
  if (x.rank === 4) return conv2d(x as Tensor4D, kernel as Tensor4D, 1, 'same');
  const planes = depthWindow(x, kernel.shape[0]!);
  const parts = planes.map((plane, i) => conv2d(plane, kernelSlice(kernel, i), 1, 'same'));
  return reshape(
    parts.reduce((sum, part) => add(sum, part)),
    [...x.shape.slice(0, 4), kernel.shape[4]!],
  );
}

/** dy `[batch, ...spatial, out]` → the gradient to x, `[batch, ...spatial, in]`. */
function gradientToInput(dy: Tensor, kernel: Tensor): Tensor {
  const window = kernel.shape.slice(0, -2);
  const [inChannels, outChannels] = kernel.shape.slice(-2) as [number, number];
  // Turned over along all axes of the window at once: webgpu transposes at most four.
  const taps = transpose(reverse(reshape(kernel, [-1, inChannels, outChannels]), 0), [0, 2, 1]);
  return convolve(dy, reshape(taps, [...window, outChannels, inChannels]));
}

/** x `[batch, ...spatial, in]`, dy `[batch, ...spatial, out]` → the gradient to the kernel, `[...window, in, out]`. */
function gradientToKernel(x: Tensor, dy: Tensor, kernelSize: readonly number[]): Tensor {
  if (x.rank === 4) return planarGradientToKernel(x as Tensor4D, dy as Tensor4D, kernelSize);
  const gradients = depthWindow(x, kernelSize[0]!).map((plane) =>
    planarGradientToKernel(plane, asPlanes(dy), kernelSize.slice(1)),
  );
  return stack(gradients, 0);
}

function planarGradientToKernel(x: Tensor4D, dy: Tensor4D, [height, width]: readonly number[]): Tensor4D {
  const [inChannels, outChannels] = [x.shape[3], dy.shape[3]];
  if (height === 1 && width === 1) {
    const product = matMul(transpose(reshape(x, [-1, inChannels])), reshape(dy, [-1, outChannels]));
    return reshape(product, [1, 1, inChannels, outChannels]);
  }
  const [top, left] = [(height! - 1) / 2, (width! - 1) / 2];
  const padded = pad(x, [
    [0, 0],
    [top, top],
    [left, left],
    [0, 0],
  ]);
  const images = transpose(padded, [3, 1, 2, 0]); // [in, height, width, batch]
  const filter = transpose(dy, [1, 2, 0, 3]); // [height, width, batch, out]
  return transpose(conv2d(images, filter, 1, 'valid'), [1, 2, 0, 3]);
}

/** For every depth offset of a kernel, the slices of x that it meets, as planes `[batch · depth, height, width, in]`. */
function depthWindow(x: Tensor, kernelDepth: number): Tensor4D[] {
  const [batch, depth, height, width, channels] = x.shape as [number, number, number, number, number];
  const reach = (kernelDepth - 1) / 2;
  const plane = height * width * channels;
  // As three axes: webgl and webgpu pad at most four.
  const padded = pad(reshape(x, [batch, depth, plane]), [
    [0, 0],
    [reach, reach],
    [0, 0],
  ]);
  return Array.from({ length: kernelDepth }, (_, i) =>
    reshape(slice(padded, [0, i, 0], [batch, depth, plane]), [batch * depth, height, width, channels]),
  );
}

function asPlanes(x: Tensor): Tensor4D {
  const [batch, depth, height, width, channels] = x.shape as [number, number, number, number, number];
  return reshape(x, [batch * depth, height, width, channels]);
}

function kernelSlice(kernel: Tensor, depth: number): Tensor4D {
  const [slices, ...plane] = kernel.shape;
  return reshape(slice(reshape(kernel, [slices!, -1]), depth, 1), plane as [number, number, number, number]);
}

/** z + bias along the last axis. */
export function addBias(z: Tensor, bias: Tensor): Tensor {
  if (z.rank <= 4) return add(z, bias);
  // webgpu adds tensors of different shapes with at most four axes.
  return reshape(add(reshape(z, [-1, bias.size]), bias), z.shape);
}

/** Zeros around the spatial axes: `reach` of them before and behind, axis by axis. */
export function padSpatial(x: Tensor, reach: readonly number[]): Tensor {
  const around = reach.map((n): [number, number] => [n, n]);
  if (x.rank === 4) return pad(x, [[0, 0], ...around, [0, 0]]);
  // In two steps: webgl and webgpu pad at most four.
  const [batch, depth] = x.shape as [number, number];
  const planes = pad(asPlanes(x), [[0, 0], around[1]!, around[2]!, [0, 0]]);
  const padded = pad(reshape(planes, [batch, depth, -1]), [[0, 0], around[0]!, [0, 0]]);
  return reshape(padded, [batch, depth + 2 * reach[0]!, ...planes.shape.slice(1)]);
}
