import { ShapeError } from '@sshn/core';
import { sizeOf } from '@sshn/ops';
import { type _FusedMatMulAttrs, backend_util } from '@tensorflow/tfjs-core';
import type { TensorShape } from '../graph.js';
import { fusedWork, type NamedShapes, type Of, product, type RuleTable, rulesFor } from './rule.js';

function lastTwo({ shape }: TensorShape, isTransposed: boolean): [rows: number, columns: number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return isTransposed ? [columns, rows] : [rows, columns];
}

/** Matrix products: one multiply-add per element of the result and of the inner axis. */
export const products: RuleTable = {
  ...rulesFor(['BatchMatMul', '_FusedMatMul'], {
    shapes: ({ a, b }: Of<'a' | 'b'>, { transposeA, transposeB }: _FusedMatMulAttrs) => {
      const [rows, innerA] = lastTwo(a, transposeA);
      const [innerB, columns] = lastTwo(b, transposeB);
      if (innerA !== innerB) {
        throw new ShapeError({
          where: 'matMul: b',
          got: b.shape,
          expected: `${innerA} rows, as a has columns`,
        });
      }
      const batch = backend_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
      return { shape: [...batch, rows, columns], dtype: a.dtype };
    },
    work: (inputs: Of<'a'>, attributes: _FusedMatMulAttrs, [y]) => ({
      macs: sizeOf(y) * lastTwo(inputs.a, attributes.transposeA)[1],
      elementwise: fusedWork(inputs, attributes, y),
    }),
  }),
  Einsum: {
    shapes: (operands: NamedShapes, { equation }: { equation: string }) => {
      const tensors = Object.values(operands);
      const { allDims, summedDims, lengths } = einsum(tensors, equation);
      const kept = allDims.length - summedDims.length;
      return {
        shape: Array.from({ length: kept }, (_, dim) => lengths.get(dim)!),
        dtype: tensors[0]!.dtype,
      };
    },
    // Of one tensor a sum along axes; of two, one multiply-add per combination of all indices.
    work: (operands: NamedShapes, { equation }: { equation: string }) => {
      const tensors = Object.values(operands);
      const combinations = product([...einsum(tensors, equation).lengths.values()]);
      return tensors.length === 1 ? { elementwise: combinations } : { macs: combinations };
    },
  },
};

/** The indices of an equation, those that are summed, and the length of each. */
function einsum(tensors: readonly TensorShape[], equation: string) {
  const { allDims, summedDims, idDims } = backend_util.decodeEinsumEquation(equation, tensors.length);
  const lengths = new Map<number, number>();
  for (const [i, dims] of idDims.entries()) {
    for (const [axis, dim] of dims.entries()) lengths.set(dim, tensors[i]!.shape[axis]!);
  }
  return { allDims, summedDims, lengths };
}
