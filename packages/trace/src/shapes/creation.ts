import type { DataType, FillAttrs, LinSpaceAttrs, MultinomialAttrs, RangeAttrs } from '@tensorflow/tfjs-core';
import { type ShapeTable, shapeOf } from './shape-function.js';

/** Tensors from attributes alone, or nearly. */
export const creation: ShapeTable = {
  Diag: shapeOf<'x'>(({ x }) => ({ shape: [...x.shape, ...x.shape], dtype: x.dtype })),
  Fill: shapeOf<never, FillAttrs>((_inputs, { shape, value, dtype }) => ({
    shape,
    dtype: dtype ?? typeOf(value),
  })),
  LinSpace: shapeOf<never, LinSpaceAttrs>((_inputs, { num }) => ({ shape: [num], dtype: 'float32' })),
  Multinomial: shapeOf<'logits', MultinomialAttrs>(({ logits }, { numSamples }) => ({
    shape: [logits.shape[0]!, numSamples],
    dtype: 'int32',
  })),
  Range: shapeOf<never, RangeAttrs>((_inputs, { start, stop, step, dtype }) => ({
    shape: [rangeLength(start, stop, step)],
    dtype,
  })),
};

function typeOf(value: number | string): DataType {
  return typeof value === 'string' ? 'string' : 'float32';
}

/** A range that walks away from its end is empty; one with the default step 1 walks down if it has to. */
function rangeLength(start: number, stop: number, step: number): number {
  const runsAway = (start < stop && step < 0) || (stop < start && step > 1);
  return start === stop || runsAway ? 0 : Math.abs(Math.ceil((stop - start) / step));
}
