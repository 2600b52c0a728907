import { backend_util } from '@tensorflow/tfjs-core';
import type { TensorShape } from '../graph.js';
import { type ShapeTable, shapeOf, shapesOf } from './shape-function.js';

/** Element by element on several tensors, which are broadcast against each other. */
export const binary: ShapeTable = {
  ...shapesOf(
    [
      'Add',
      'Atan2',
      'BitwiseAnd',
      'Maximum',
      'Minimum',
      'Mod',
      'Multiply',
      'Pow',
      'RealDiv',
      'SquaredDifference',
      'Sub',
    ],
    shapeOf<'a' | 'b'>(({ a, b }) => ({ shape: broadcast(a, b), dtype: a.dtype })),
  ),
  ...shapesOf(
    [
      'Equal',
      'Greater',
      'GreaterEqual',
      'Less',
      'LessEqual',
      'LogicalAnd',
      'LogicalOr',
      'LogicalXor',
      'NotEqual',
    ],
    shapeOf<'a' | 'b'>(({ a, b }) => ({ shape: broadcast(a, b), dtype: 'bool' })),
  ),
  FloorDiv: shapeOf<'a' | 'b'>(({ a, b }) => ({ shape: broadcast(a, b), dtype: 'int32' })),
  AddN: shapeOf<'0'>((inputs) => inputs['0']),
  EluGrad: shapeOf<'dy' | 'y'>(({ dy }) => dy),
  Prelu: shapeOf<'x' | 'alpha'>(({ x, alpha }) => ({ shape: broadcast(x, alpha), dtype: x.dtype })),
  Select: shapeOf<'condition' | 't' | 'e'>(({ t, e }) => ({
    shape: t.shape,
    dtype: backend_util.upcastType(t.dtype, e.dtype),
  })),
};

function broadcast(a: TensorShape, b: TensorShape): number[] {
  return backend_util.assertAndGetBroadcastShape([...a.shape], [...b.shape]);
}
