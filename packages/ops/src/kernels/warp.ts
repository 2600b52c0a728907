import { clone, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { differentiable } from '../differentiable.js';
import { dispatcher, type Kernel, type KernelRules, sizeOf, type TensorShape } from './contract.js';
import { onGrid } from './resize.js';
import { type FullSampling, sample, sampleGradField, sampleGradImage } from './warp-composed.js';

/**
 * Kernels that read an image at every voxel displaced by a field `[batch, ...spatial, rank]`, in voxels along each axis; the
 * sizes of image and field may differ.
 */
export interface WarpKernels {
  /** The image at the places of the field. */
  SshnWarp: Kernel<'image' | 'field', FullSampling>;
  /** The gradient to the field. */
  SshnWarpGradField: Kernel<'dy' | 'image' | 'field', FullSampling>;
  /** The gradient to the image, of the spatial size `inputSize`. */
  SshnWarpGradImage: Kernel<'dy' | 'field', FullSampling & { readonly inputSize: readonly number[] }>;
}

const dispatch = /* @__PURE__ */ dispatcher<WarpKernels>();

/**
 * Reads an image at the places of a field: image `[batch, ...size, channels]`, field `[batch, ...spatial, rank]`, result
 * `[batch, ...spatial, channels]`. The two sizes may differ.
 *
 * Two steps on the tape, so that the gradient to the image, the more expensive one, is computed only where it is asked for.
 */
export function warpOperation(image: Tensor, field: Tensor, sampling: FullSampling): Tensor {
  return tidy(() => withGradientToField(image, field, sampling, withGradientToImage(image, field, sampling)));
}

function withGradientToImage(image: Tensor, field: Tensor, sampling: FullSampling): Tensor {
  const attributes = { ...sampling, inputSize: image.shape.slice(1, -1) };
  return differentiable([image], {
    forward: (input) => ({
      value: dispatch('SshnWarp', { image: input, field }, { ...sampling }, () =>
        sample(input, field, sampling),
      ),
      saved: [field],
    }),
    backward: (dy, places) => [
      dispatch('SshnWarpGradImage', { dy, field: places }, attributes, () =>
        sampleGradImage(dy, places, attributes),
      ),
    ],
  });
}

function withGradientToField(image: Tensor, field: Tensor, sampling: FullSampling, warped: Tensor): Tensor {
  return differentiable([warped, field], {
    forward: (value, places) => ({ value: clone(value), saved: [image, places] }),
    backward: (dy, from, places) => [clone(dy), gradientToPlaces(dy, from, places, sampling)],
  });
}

/** The gradient to a field, from that to the image it warps: the slope of the image's interpolation where the field reads. */
export function gradientToPlaces(dy: Tensor, image: Tensor, field: Tensor, sampling: FullSampling): Tensor {
  return dispatch('SshnWarpGradField', { dy, image, field }, { ...sampling }, () =>
    sampleGradField(dy, image, field, sampling),
  );
}

export const warpRules: KernelRules<WarpKernels> = {
  SshnWarp: {
    shapes: ({ image, field }) => ({
      shape: [...field.shape.slice(0, -1), image.shape.at(-1)!],
      dtype: image.dtype,
    }),
    work: ({ field }, sampling, [warped]) => ({ elementwise: warpWork(field, sampling, sizeOf(warped!)) }),
  },
  SshnWarpGradField: {
    shapes: ({ field }) => field,
    // The same, then a product and a sum for each axis.
    work: ({ dy, field }, sampling) => ({
      elementwise: warpWork(field, sampling, sizeOf(dy) + sizeOf(field)),
    }),
  },
  SshnWarpGradImage: {
    shapes: ({ dy }, { inputSize }) => onGrid(dy, inputSize),
    work: ({ dy, field }, sampling) => ({ elementwise: warpWork(field, sampling, sizeOf(dy)) }),
  },
};

/** A product and a sum of `values` for each of the 2^rank voxels around a place; where the nearest is picked, nothing. */
function warpWork(field: TensorShape, { interpolation }: FullSampling, values: number): number {
  const spatialRank = field.shape.length - 2;
  return interpolation === 'nearest' ? 0 : 2 ** (spatialRank + 1) * values;
}
