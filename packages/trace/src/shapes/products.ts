import { ShapeError } from '@sshn/core';
import { type BatchMatMulAttrs, backend_util } from '@tensorflow/tfjs-core';
import type { TensorShape } from '../graph.js';
import { type ShapeTable, shapeOf, shapesOf } from './shape-function.js';

const matMul = shapeOf<'a' | 'b', BatchMatMulAttrs>(({ a, b }, { transposeA, transposeB }) => {
  const [rows, innerA] = lastTwo(a, transposeA);
  const [innerB, columns] = lastTwo(b, transposeB);
  if (innerA !== innerB) {
    throw new ShapeError({ where: 'matMul: b', got: b.shape, expected: `${innerA} rows, as a has columns` });
  }
  const batch = backend_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return { shape: [...batch, rows, columns], dtype: a.dtype };
});

function lastTwo({ shape }: TensorShape, isTransposed: boolean): [rows: number, columns: number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return isTransposed ? [columns, rows] : [rows, columns];
}

/** Matrix products. */
export const products: ShapeTable = {
  ...shapesOf(['BatchMatMul', '_FusedMatMul'], matMul),
  Einsum: shapeOf<string, { equation: string }>((operands, { equation }) => {
    const tensors = Object.values(operands);
    const { allDims, summedDims, idDims } = backend_util.decodeEinsumEquation(equation, tensors.length);
    const size = new Map<number, number>();
    for (const [i, dims] of idDims.entries()) {
      for (const [axis, dim] of dims.entries()) size.set(dim, tensors[i]!.shape[axis]!);
    }
    const kept = allDims.length - summedDims.length;
    return { shape: Array.from({ length: kept }, (_, dim) => size.get(dim)!), dtype: tensors[0]!.dtype };
  }),
};
