import { ShapeError } from '@sshn/core';
import {
  add,
  concat,
  engine,
  getBackend,
  getKernel,
  split,
  type Tensor,
  tidy,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable.js';
import { requireFeatures } from '../features.js';
import { leakyReluOfSum } from './activation.js';
import type { Kernel } from './contract.js';
import { applyConvolution, gradientsBehind } from './convolution.js';
import { resizeLinear } from './resize.js';

/**
 * Kernels of the convolution that a stage of a decoder begins with. A backend has both or none: without them, and in traces, it
 * is the composition of `resizeLinear`, `concat` and `applyConvolution`, so that exports and counts of FLOPs see these.
 */
export interface JoinKernels {
  /** leaky(conv(concat(up(low), skip), kernel) + bias), where up is the linear resize to the size of the skip. */
  SshnConvJoin: Kernel<'low' | 'skip' | 'kernel' | 'bias', { readonly slope: number }>;
  /** The gradients to low, skip and kernel, from that before bias and rectifier. */
  SshnConvJoinGrad: Kernel<'dy' | 'low' | 'skip' | 'kernel', object, 3>;
}

/** Features that are read as one map: those of a lower resolution, linearly upsampled to the size of the skip, then the skip. */
export interface JoinedFeatures {
  /** `[batch, ...lowSize, lowChannels]`. */
  readonly low: Tensor;
  /** `[batch, ...size, skipChannels]`. */
  readonly skip: Tensor;
}

/** Share of the pixels (voxels) of the skip above which a map at its own resolution saves nothing. */
const LARGEST_SHARE = 0.36;

/**
 * Whether the current backend convolves such features without upsampling and concatenating them: where the map of lower resolution
 * has at most 0.36 of the pixels (voxels) of the skip. Elsewhere `joinFeatures` and a convolution of its result are as fast.
 */
export function convolvesJoined({ low, skip }: JoinedFeatures): boolean {
  const pixels = (x: Tensor) => x.size / (x.shape.at(-1) || 1);
  return pixels(low) <= LARGEST_SHARE * pixels(skip) && getKernel('SshnConvJoin', getBackend()) != null;
}

/** Joined features in one tensor, `[batch, ...size, lowChannels + skipChannels]`. */
export function joinFeatures({ low, skip }: JoinedFeatures): Tensor {
  return tidy(() => concat([resizeLinear(low, skip.shape.slice(1, -1)), skip], skip.rank - 1));
}

/**
 * Convolution of joined features, with bias and LeakyReLU, as `applyConvolution`:
 * y = a(k * concat(up(low), skip) + b).
 *
 * Convolution and interpolation are both linear. So the half of it that reads the upsampled map is
 * `Σ_dy Σ_dx A_dy · (low ∗ k_dy,dx) · A_dxᵀ`: nine (3D: 27) 1×1 products at the low resolution, which are then interpolated. `A_d`
 * is the interpolation of one axis, shifted by d, with zeros outside of the image: that is exact, at borders too. A backend with
 * kernels for it computes convolutions of 3×3 (3×3×3) so where that is faster, and makes neither the upsampled map nor the
 * concatenation. Those of 1×1 then upsample what the convolution of the map gives.
 *
 * @param kernel `[...window, lowChannels + skipChannels, out]` with odd window edges.
 * @param bias `[out]`.
 * @param slope Of the LeakyReLU that follows, in [0, 1]; 1 for none. @default 1
 * @returns `[batch, ...size, out]`.
 * @throws {ShapeError} if they do not fit each other. @throws {ValueError} if one of the features is not float32.
 * @example
 * const y = applyJoinedConvolution({ low, skip }, kernel, bias, 0.01);   // [1, 16, 16, 8], [1, 64, 64, 8] -> [1, 64, 64, 8]
 */
export function applyJoinedConvolution(
  features: JoinedFeatures,
  kernel: Tensor,
  bias: Tensor,
  slope = 1,
): Tensor {
  const { low, skip } = features;
  requireJoined(features, kernel, bias);
  const isWindow = (edge: number) => kernel.shape.slice(0, -2).every((n) => n === edge);
  const isApart = convolvesJoined(features);
  if (isApart && isWindow(1)) return tidy(() => pointwiseApart(features, kernel, bias, slope));
  if (!isApart || !isWindow(3))
    return tidy(() => applyConvolution(joinFeatures(features), kernel, bias, slope));
  return differentiable([low, skip, kernel, bias], {
    forward: (coarse, fine, weights, offsets) => {
      const inputs = { low: coarse, skip: fine, kernel: weights, bias: offsets };
      const value = engine().runKernel('SshnConvJoin', inputs, { slope }) as Tensor;
      return { value, saved: slope === 1 ? [coarse, fine, weights] : [coarse, fine, weights, value] };
    },
    backward: (dy, ...saved) => {
      const [coarse, fine, weights, y] = saved as readonly [Tensor, Tensor, Tensor, Tensor?];
      const [dz, toBias] = gradientsBehind(dy, y, slope);
      const inputs = { dy: dz, low: coarse, skip: fine, kernel: weights };
      const gradients = engine().runKernel('SshnConvJoinGrad', inputs, {}) as unknown as [
        Tensor,
        Tensor,
        Tensor,
      ];
      if (dz !== dy) dz.dispose();
      return [...gradients, toBias];
    },
  });
}

/** A 1×1 convolution mixes channels, an interpolation pixels: the map is convolved first, and the result upsampled. */
function pointwiseApart({ low, skip }: JoinedFeatures, kernel: Tensor, bias: Tensor, slope: number): Tensor {
  const [toLow, toSkip] = split(kernel, [low.shape.at(-1)!, skip.shape.at(-1)!], kernel.rank - 2);
  const fromLow = applyConvolution(low, toLow!, zerosLike(bias));
  const fromSkip = applyConvolution(skip, toSkip!, bias);
  const up = resizeLinear(fromLow, skip.shape.slice(1, -1));
  return slope === 1 ? add(up, fromSkip) : leakyReluOfSum(up, fromSkip, slope);
}

function requireJoined({ low, skip }: JoinedFeatures, kernel: Tensor, bias: Tensor): void {
  const where = 'joined convolution';
  const rank = kernel.rank - 2;
  if ((rank !== 2 && rank !== 3) || !kernel.shape.slice(0, -2).every((edge) => edge % 2 === 1)) {
    throw new ShapeError({
      where: `${where}: kernel`,
      got: kernel.shape,
      expected: '[...window, in, out] with two or three odd window edges',
    });
  }
  requireFeatures(`${where}: low`, low, rank);
  requireFeatures(`${where}: skip`, skip, rank);
  const [inChannels, outChannels] = kernel.shape.slice(-2);
  if (low.shape[0] !== skip.shape[0] || low.shape.at(-1)! + skip.shape.at(-1)! !== inChannels) {
    throw new ShapeError({
      where: `${where}: low beside a skip [${skip.shape.join(', ')}]`,
      got: low.shape,
      expected: `a batch of ${skip.shape[0]}, and ${inChannels} channels together`,
    });
  }
  if (bias.rank !== 1 || bias.shape[0] !== outChannels)
    throw new ShapeError({ where: `${where}: bias`, got: bias.shape, expected: `[${outChannels}]` });
}
