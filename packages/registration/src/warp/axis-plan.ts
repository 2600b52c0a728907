import {
  add,
  cast,
  clipByValue,
  div,
  floor,
  greater,
  greaterEqual,
  less,
  lessEqual,
  logicalAnd,
  maximum,
  minimum,
  mul,
  range,
  reshape,
  slice,
  squeeze,
  sub,
  type Tensor,
  zerosLike,
} from '@tensorflow/tfjs-core';
import type { FullSampling, Padding } from './sampling.js';

/** One of the voxels that are read along an axis, for each place `[batch, ...spatial]`. */
export interface Neighbor {
  /** int32, inside of the image. */
  readonly index: Tensor;
  readonly weight: Tensor;
  /** The derivative of the weight by the displacement. */
  readonly slope: Tensor;
}

/**
 * Where a field's places read along one axis: two voxels for linear interpolation, one for the nearest.
 *
 * @param field `[batch, ...spatial, rank]`, voxels.
 * @param size Of the image along this axis.
 */
export function planAxis(
  field: Tensor,
  axis: number,
  { size, interpolation, padding }: FullSampling & { readonly size: number },
): Neighbor[] {
  const { place, slope } = fold(placesAlong(field, axis), size, padding);
  if (interpolation === 'nearest') return [neighbor(floor(add(place, 0.5)), size)];
  const low = floor(place);
  const above = sub(place, low);
  return [
    neighbor(low, size, { weight: sub(1, above), slope: mul(slope, -1) }),
    neighbor(add(low, 1), size, { weight: above, slope }),
  ];
}

/** Index plus displacement, `[batch, ...spatial]`. */
function placesAlong(field: Tensor, axis: number): Tensor {
  const spatialRank = field.rank - 2;
  const length = field.shape[axis + 1]!;
  const begin = [...Array<number>(spatialRank + 1).fill(0), axis];
  const displacement = squeeze(slice(field, begin, [...field.shape.slice(0, -1), 1]), [field.rank - 1]);
  const along = Array.from({ length: spatialRank + 1 }, (_, i) => (i === axis + 1 ? length : 1));
  return add(displacement, reshape(range(0, length), along));
}

/**
 * Brings places to where the image has values: `[0, size − 1]`, or one voxel further for `'zeros'`. The slope is the
 * derivative of that: ±1, and 0 where the padding is constant or has a kink.
 */
function fold(place: Tensor, size: number, padding: Padding): { place: Tensor; slope: Tensor } {
  const last = size - 1;
  if (padding === 'reflect' && size > 1) {
    const turn = 2 * last;
    const phase = sub(place, mul(floor(div(place, turn)), turn));
    const mirrored = minimum(maximum(minimum(phase, sub(turn, phase)), 0), last);
    const isInside = cast(logicalAnd(greater(mirrored, 0), less(mirrored, last)), 'float32');
    return { place: mirrored, slope: mul(isInside, sub(mul(cast(less(phase, last), 'float32'), 2), 1)) };
  }
  const [least, most] = padding === 'zeros' ? [-1, size] : [0, last];
  const isInside = logicalAnd(greater(place, least), less(place, most));
  // Not every backend lets a NaN through clipByValue; it has to show.
  const clipped = add(clipByValue(place, least, most), mul(place, 0));
  return { place: clipped, slope: cast(isInside, 'float32') };
}

/** Voxels beyond the border weigh nothing and are read at the border instead. */
function neighbor(at: Tensor, size: number, along?: { weight: Tensor; slope: Tensor }): Neighbor {
  const exists = cast(logicalAnd(greaterEqual(at, 0), lessEqual(at, size - 1)), 'float32');
  return {
    index: cast(clipByValue(at, 0, size - 1), 'int32'),
    weight: along === undefined ? exists : mul(along.weight, exists),
    slope: along === undefined ? zerosLike(exists) : mul(along.slope, exists),
  };
}
