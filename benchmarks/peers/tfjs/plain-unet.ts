import {
  add,
  addN,
  concat,
  conv2d,
  fused,
  image as imageOps,
  leakyRelu,
  pad,
  reshape,
  slice,
  type Tensor,
  type Tensor3D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import type { Network } from '../../work/job.js';

/** The U-Net as one would write it with tfjs alone, by its fused ops where it has them. */
export function plainUnet(
  { rank, slope, sizes }: Network,
  weights: ReadonlyMap<string, Tensor>,
  image: Tensor,
): Tensor {
  const convolution = rank === 2 ? planar : spatial;
  const resize = rank === 2 ? bilinear : trilinear;
  const layer = (path: string, x: Tensor, alpha?: number) =>
    convolution(x, weights.get(`${path}.kernel`)!, weights.get(`${path}.bias`)!, alpha);
  const stage = (path: string, x: Tensor) => layer(`${path}.1`, layer(`${path}.0`, x, slope), slope);

  let x = image;
  const skips = sizes.map((size, level) => {
    x = stage(`encoder.${level}`, level === 0 ? x : resize(x, size));
    return x;
  });
  for (let level = sizes.length - 2; level >= 0; level--) {
    x = stage(`decoder.${level}`, concat([resize(x, sizes[level]!), skips[level]!], rank + 1));
  }
  return layer('head', x);
}

function planar(x: Tensor, filter: Tensor, bias: Tensor, slope?: number): Tensor {
  return fused.conv2d({
    x: x as Tensor4D,
    filter: filter as Tensor4D,
    strides: 1,
    pad: 'same',
    bias,
    ...(slope === undefined ? {} : { activation: 'leakyrelu', leakyreluAlpha: slope }),
  });
}

/**
 * A sum of 2D convolutions, one for each slice of the filter: the `Conv3D` of stock wasm is a plain loop, many times slower
 * than that.
 */
function spatial(x: Tensor, filter: Tensor, bias: Tensor, slope?: number): Tensor {
  const [, depth, height, width] = x.shape as [number, number, number, number, number];
  const [window, ...plane] = filter.shape as [number, number, number, number, number];
  const reach = (window - 1) / 2;
  const padded =
    reach === 0
      ? x
      : pad(x, [
          [0, 0],
          [reach, reach],
          [0, 0],
          [0, 0],
          [0, 0],
        ]);
  const parts = Array.from({ length: window }, (_, i) => {
    const slices = slice(padded, [0, i, 0, 0, 0], [1, depth, height, width, x.shape[4]!]);
    return conv2d(
      reshape(slices, [depth, height, width, x.shape[4]!]) as Tensor4D,
      reshape(slice(filter, i, 1), plane) as Tensor4D,
      1,
      'same',
    );
  });
  const z = add(addN(parts), bias);
  return reshape(slope === undefined ? z : leakyRelu(z, slope), [1, depth, height, width, plane[3]]);
}

function bilinear(x: Tensor, size: readonly number[]): Tensor {
  return imageOps.resizeBilinear(x as Tensor3D | Tensor4D, [size[0]!, size[1]!], false, true);
}

/** Two bilinear ones, as tfjs has no other: slice by slice, then along the depth. */
function trilinear(x: Tensor, [depth, height, width]: readonly number[]): Tensor {
  const [, inDepth, inHeight, inWidth, channels] = x.shape as [number, number, number, number, number];
  const slices = bilinear(reshape(x, [inDepth, inHeight, inWidth, channels]), [height!, width!]);
  const rows = bilinear(reshape(slices, [1, inDepth, height! * width!, channels]), [
    depth!,
    height! * width!,
  ]);
  return reshape(rows, [1, depth!, height!, width!, channels]);
}
