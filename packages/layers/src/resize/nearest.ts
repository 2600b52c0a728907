import { image, reshape, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';

/**
 * Every pixel a copy of the nearest one, with half-pixel centers: output i is input ⌊(i + ½)·from/to⌋. Carries the gradient
 * that the registry has.
 *
 * @param x `[batch, ...spatial, channels]`.
 * @returns `[batch, ...size, channels]`.
 */
export function copyNearest(x: Tensor, size: readonly number[]): Tensor {
  const [batch, channels] = [x.shape[0]!, x.shape.at(-1)!];
  const [height, width] = x.shape.slice(-3, -1) as [number, number];
  const [newHeight, newWidth] = size.slice(-2) as [number, number];
  const slices = x.size / (height * width * channels);
  const planes = resizePlanes(reshape(x, [slices, height, width, channels]), [newHeight, newWidth]);
  if (size.length === 2) return planes;
  const positions = newHeight * newWidth;
  const volume = reshape(planes, [batch, x.shape[1]!, positions, channels]) as Tensor4D;
  return reshape(resizePlanes(volume, [size[0]!, positions]), [batch, ...size, channels]);
}

function resizePlanes(x: Tensor4D, size: [number, number]): Tensor4D {
  return x.shape[1] === size[0] && x.shape[2] === size[1]
    ? x
    : image.resizeNearestNeighbor(x, size, false, true);
}
