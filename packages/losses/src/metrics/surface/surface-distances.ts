import { squaredDistances } from '../../distance-transform/distance-transform.js';
import { type Grid, stridesOf } from '../../distance-transform/grid.js';
import type { LabelRegion } from './label-regions.js';

/** Distances between two surfaces, one for each voxel of the first, in mm; Infinity where the other is empty. */
export interface SurfaceDistances {
  /** From each voxel of the predicted surface to the true one. */
  readonly toTruth: Float64Array;
  /** From each voxel of the true surface to the predicted one. */
  readonly toPrediction: Float64Array;
}

/** Distances between the surfaces of one label. */
export function distancesOf(region: LabelRegion, { spacingMm }: Pick<Grid, 'spacingMm'>): SurfaceDistances {
  const grid = { shape: region.shape, ...(spacingMm === undefined ? {} : { spacingMm }) };
  const predicted = surfaceOf(region.predictedMask, region.shape);
  const truth = surfaceOf(region.truthMask, region.shape);
  return {
    toTruth: at(predicted, squaredDistances(truth, grid)),
    toPrediction: at(truth, squaredDistances(predicted, grid)),
  };
}

/**
 * The surface of a region: its voxels that share a face (in 2D, an edge) with a voxel outside of it. What lies beyond the
 * grid is outside.
 */
export function surfaceOf(mask: Uint8Array, shape: readonly number[]): Uint8Array {
  const strides = stridesOf(shape);
  const surface = new Uint8Array(mask.length);
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    for (let axis = 0; axis < shape.length; axis++) {
      const stride = strides[axis]!;
      const place = Math.floor(i / stride) % shape[axis]!;
      const isInside =
        place > 0 && place < shape[axis]! - 1 && mask[i - stride] === 1 && mask[i + stride] === 1;
      if (isInside) continue;
      surface[i] = 1;
      break;
    }
  }
  return surface;
}

function at(surface: Uint8Array, squares: Float64Array): Float64Array {
  const count = surface.reduce((sum, is) => sum + is, 0);
  const distances = new Float64Array(count);
  let next = 0;
  for (let i = 0; i < surface.length; i++) {
    if (surface[i] === 1) distances[next++] = Math.sqrt(squares[i]!);
  }
  return distances;
}
