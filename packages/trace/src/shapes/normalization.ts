import { type ShapeTable, shapeOf, shapesOf } from './shape-function.js';

/** What rescales by statistics, and running sums: the shape stays. */
export const normalization: ShapeTable = {
  ...shapesOf(
    ['Cumprod', 'Cumsum', 'FusedBatchNorm', 'LRN'],
    shapeOf<'x'>(({ x }) => x),
  ),
  LRNGrad: shapeOf<'x'>(({ x }) => x),
  Softmax: shapeOf<'logits'>(({ logits }) => ({ shape: logits.shape, dtype: 'float32' })),
};
