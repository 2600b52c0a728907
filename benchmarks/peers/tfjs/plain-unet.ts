import {
  add,
  concat,
  conv3d,
  fused,
  image as imageOps,
  leakyRelu,
  reshape,
  type Tensor,
  type Tensor1D,
  type Tensor3D,
  type Tensor4D,
  type Tensor5D,
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

/** In 3D tfjs fuses nothing. */
function spatial(x: Tensor, filter: Tensor, bias: Tensor, slope?: number): Tensor {
  const z = add(conv3d(x as Tensor5D, filter as Tensor5D, 1, 'same'), bias as Tensor1D);
  return slope === undefined ? z : leakyRelu(z, slope);
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
