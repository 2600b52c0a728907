/**
 * Convolution and its gradients from ordinary tfjs ops, for backends that bring no kernel of ours.
 *
 * Everything is a stride-1 forward 2D convolution, the one operation that is fast on all backends: the gradient to the
 * input is one with the flipped filter, the gradient to the filter one with batch and channels exchanged, and a 3D
 * convolution a sum of 2D ones over the slices of its filter.
 */
import {
  add,
  conv2d,
  matMul,
  pad,
  reshape,
  reverse,
  slice,
  stack,
  type Tensor,
  type Tensor4D,
  transpose,
} from '@tensorflow/tfjs-core';

/** x `[batch, ...spatial, in]`, kernel `[...window, in, out]` → `[batch, ...spatial, out]`, zero padding, no bias. */
export function convolve(x: Tensor, kernel: Tensor): Tensor {
  if (x.rank === 4) return conv2d(x as Tensor4D, kernel as Tensor4D, 1, 'same');
  const planes = depthWindow(x, kernel.shape[0]!);
  const parts = planes.map((plane, i) => conv2d(plane, kernelSlice(kernel, i), 1, 'same'));
  return reshape(
    parts.reduce((sum, part) => add(sum, part)),
    [...x.shape.slice(0, 4), kernel.shape[4]!],
  );
}

/** dy `[batch, ...spatial, out]` → the gradient to x, `[batch, ...spatial, in]`. */
export function gradientToInput(dy: Tensor, kernel: Tensor): Tensor {
  const window = kernel.shape.slice(0, -2);
  const [inChannels, outChannels] = kernel.shape.slice(-2) as [number, number];
  // Turned over along all axes of the window at once: webgpu transposes at most four.
  const taps = transpose(reverse(reshape(kernel, [-1, inChannels, outChannels]), 0), [0, 2, 1]);
  return convolve(dy, reshape(taps, [...window, outChannels, inChannels]));
}

/** x `[batch, ...spatial, in]`, dy `[batch, ...spatial, out]` → the gradient to the kernel, `[...window, in, out]`. */
export function gradientToKernel(x: Tensor, dy: Tensor, kernelSize: readonly number[]): Tensor {
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
