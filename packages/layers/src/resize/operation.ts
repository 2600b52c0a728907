import { dispatch } from '@sshn/ops';
import { customGrad, type Tensor } from '@tensorflow/tfjs-core';
import { requireFeatures, requireSize } from '../check.js';
import { resizeAxes, resizeAxesTransposed } from './composed.js';

/**
 * Linear resize of the spatial axes with half-pixel centers and no antialiasing: bilinear in 2D, trilinear in 3D.
 *
 * Its gradient is the exact transpose on every backend (tfjs's own `resizeBilinear` has a wrong one for half-pixel
 * centers). Equal to PyTorch's `interpolate(…, align_corners=False, antialias=False)`.
 *
 * @param x `[batch, height, width, channels]` or `[batch, depth, height, width, channels]`, float32.
 * @param size The new spatial size, `[height, width]` or `[depth, height, width]`, in pixels, each ≥ 1.
 * @returns `[batch, ...size, channels]`.
 * @throws {ShapeError} if `x` has another rank.
 * @throws {ValueError} if `size` has not one integer ≥ 1 per spatial axis, or `x` is not float32.
 * @example
 * const small = resizeLinear(image, [32, 48]);   // [1, 65, 97, 3] -> [1, 32, 48, 3]
 */
export function resizeLinear(x: Tensor, size: readonly number[]): Tensor {
  requireFeatures('resizeLinear', x);
  const inputSize = x.shape.slice(1, -1);
  requireSize('resizeLinear', size, inputSize.length);
  if (size.every((n, axis) => n === inputSize[axis])) return x.clone();
  const op = customGrad((input) => {
    const from = input as Tensor;
    return {
      value: dispatch('SshnResize', { x: from }, { size: [...size] }, () => resizeAxes(from, size)),
      gradFunc: (dy: Tensor) =>
        dispatch('SshnResizeGrad', { dy }, { inputSize }, () => resizeAxesTransposed(dy, inputSize)),
    };
  });
  return op(x);
}
