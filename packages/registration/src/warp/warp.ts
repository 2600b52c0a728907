import { requireOption, ShapeError, ValueError } from '@sshn/core';
import {
  type FullSampling,
  interpolations,
  paddings,
  requireFeatures,
  type Sampling,
  warpOperation,
} from '@sshn/ops';
import { expandDims, squeeze, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { requireField, requireShape } from '../check.js';

/**
 * The spatial transformer: reads an image at every voxel displaced by a field.
 *
 * `warped(p) = image(p + field(p))`: the field lies on the grid of the result (the fixed image's) and points to where each
 * voxel's value comes from in the moving image.
 *
 * Gradients to the image and to the field are exact. Where the interpolation has a kink the one-sided derivative towards
 * higher indices is taken, where the padding has one (on and beyond the border voxels for `'border'`), 0. `'nearest'`
 * has no gradient to the field.
 *
 * @param image `[batch, height, width, channels]` or `[batch, depth, height, width, channels]`, float32, or int32 with
 *   `interpolation: 'nearest'`.
 * @param field `[batch, ...spatial, rank]`, float32: displacement in voxels along each axis, in the order of the axes
 *   (depth, height, width). Any finite length.
 * @returns Shape and type of the image.
 * @throws {ShapeError} if the two do not fit each other. @throws {ValueError} if a type is another.
 * @throws {OptionError} if an option is none of the list.
 * @example
 * const moved = warp(moving, field);                                        // linear, the border goes on
 * const labels = warp(movingLabels, field, { interpolation: 'nearest' });   // no new labels
 *
 * *Source*: Jaderberg et al., Spatial transformer networks, NIPS 2015; Balakrishnan et al., VoxelMorph, TMI 2019, who pad
 * with zeros.
 */
export function warp(image: Tensor, field: Tensor, options: Sampling = {}): Tensor {
  const sampling = fullSampling(options);
  requireImage('warp: image', image, sampling);
  requireField('warp: field', field);
  requireShape(
    'warp: field',
    field,
    [...image.shape.slice(0, -1), image.rank - 2],
    `It has to lie on the grid of the image, [${image.shape.join(', ')}]; rescaleField brings it there.`,
  );
  return warpOperation(image, field, sampling);
}

/**
 * Warps label maps: the nearest label, so that none comes up that was not there.
 *
 * @param labels int32 `[batch, ...spatial]`.
 * @param field `[batch, ...spatial, rank]`, displacement in voxels.
 * @param options.padding As for `warp`; `'zeros'` makes the outside background. @default 'border'
 * @returns int32 `[batch, ...spatial]`.
 * @throws {ShapeError} if the two do not fit each other. @throws {ValueError} if the labels are not int32.
 * @example
 * const movedLabels = warpLabels(labels, field);
 */
export function warpLabels(labels: Tensor, field: Tensor, options: Pick<Sampling, 'padding'> = {}): Tensor {
  if (labels.rank !== 3 && labels.rank !== 4) {
    throw new ShapeError({
      where: 'warpLabels: labels',
      got: labels.shape,
      expected: '[batch, height, width] or [batch, depth, height, width]',
    });
  }
  if (labels.dtype !== 'int32') {
    throw new ValueError({
      where: 'warpLabels: labels',
      got: labels.dtype,
      expected: 'an int32 tensor',
      hint: 'Labels are whole numbers; to warp probabilities, call warp.',
    });
  }
  return tidy(() =>
    squeeze(warp(expandDims(labels, -1), field, { ...options, interpolation: 'nearest' }), [-1]),
  );
}

/** Defaults filled in. @throws {OptionError} if an option is none of the list. */
export function fullSampling({ interpolation = 'linear', padding = 'border' }: Sampling): FullSampling {
  requireOption('interpolation', interpolation, interpolations);
  requireOption('padding', padding, paddings);
  return { interpolation, padding };
}

/** Checks what is read from: floats, or integers where they are only picked. */
export function requireImage(where: string, image: Tensor, { interpolation }: FullSampling): void {
  if (image.dtype === 'int32' && interpolation === 'nearest' && (image.rank === 4 || image.rank === 5))
    return;
  requireFeatures(where, image);
}
