import { type avgPool, type maxPool, reshape, type Tensor, type Tensor4D } from '@tensorflow/tfjs-core';

/** Whether every window has the same number of pixels and none overlaps another. */
export function dividesEvenly(from: readonly number[], to: readonly number[]): boolean {
  return from.every((n, axis) => n % to[axis]! === 0);
}

/**
 * Pooling over windows that divide the spatial axes evenly, by the 2D kernels that every backend has: 3D in two passes.
 *
 * @param x `[batch, ...spatial, channels]`.
 * @param size A divisor of every spatial size.
 * @returns `[batch, ...size, channels]`.
 */
export function poolEvenly(
  x: Tensor,
  size: readonly number[],
  pool: typeof avgPool | typeof maxPool,
): Tensor {
  const [batch, channels] = [x.shape[0]!, x.shape.at(-1)!];
  const windows = size.map((n, axis) => x.shape[axis + 1]! / n);
  const [height, width] = x.shape.slice(-3, -1) as [number, number];
  const slices = x.size / (height * width * channels);
  const planes = poolPlanes(reshape(x, [slices, height, width, channels]), windows.slice(-2), pool);
  if (size.length === 2) return planes;
  const positions = planes.size / (slices * channels);
  const depth = poolPlanes(
    reshape(planes, [batch, x.shape[1]!, positions, channels]),
    [windows[0]!, 1],
    pool,
  );
  return reshape(depth, [batch, ...size, channels]);
}

function poolPlanes(
  x: Tensor4D,
  windows: readonly number[],
  pool: typeof avgPool | typeof maxPool,
): Tensor4D {
  const window = windows as [number, number];
  // Not every backend takes a window of one pixel.
  return window.every((n) => n === 1) ? x : pool(x, window, window, 'valid');
}
