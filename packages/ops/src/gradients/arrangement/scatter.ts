import {
  add,
  cast,
  mul,
  range,
  reshape,
  scatterND,
  type Tensor,
  transpose,
  util,
} from '@tensorflow/tfjs-core';
import { fromFront } from '../reduction/broadcast.js';

/** Adds rows up by index: `[rows, size]` with `ids` `[rows]` to `[count, size]`. */
export function scatterRows(rows: Tensor, ids: Tensor, count: number): Tensor {
  return scatterND(reshape(ids, [-1, 1]), rows, [count, rows.shape[1]!]);
}

/**
 * The transpose of `gather(x, indices, axis, batchDims)`: adds each entry of `dy` to where it was picked from.
 *
 * x `[...batch, ...outer, picked, ...inner]`, indices `[...batch, ...picks]`,
 * dy `[...batch, ...outer, ...picks, ...inner]`.
 */
export function scatterAxis(
  dy: Tensor,
  indices: Tensor,
  shape: number[],
  axisFromEither: number,
  batchAxes: number,
): Tensor {
  const axis = fromFront(axisFromEither, shape.length);
  const batch = util.sizeFromShape(shape.slice(0, batchAxes));
  const outer = util.sizeFromShape(shape.slice(batchAxes, axis));
  const picked = shape[axis]!;
  const inner = util.sizeFromShape(shape.slice(axis + 1));
  const picks = indices.size / batch;
  const values = transpose(reshape(dy, [batch, outer, picks, inner]), [0, 2, 1, 3]);
  const offsets = reshape(cast(mul(range(0, batch), picked), 'int32'), [batch, 1]);
  const ids = add(reshape(cast(indices, 'int32'), [batch, picks]), offsets);
  const sums = scatterRows(reshape(values, [batch * picks, outer * inner]), ids, batch * picked);
  return reshape(transpose(reshape(sums, [batch, picked, outer, inner]), [0, 2, 1, 3]), shape);
}
