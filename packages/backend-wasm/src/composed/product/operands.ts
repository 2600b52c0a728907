import {
  broadcast_util,
  broadcastTo,
  reshape,
  type Tensor,
  type Tensor3D,
  transpose,
} from '@tensorflow/tfjs-core';

/** The factors of a product as they are multiplied: `[batch, rows, inner]` and `[batch, inner, columns]`. */
export interface Operands {
  readonly a: Tensor3D;
  readonly b: Tensor3D;
  /** Axes before rows and columns in the result. */
  readonly batchShape: number[];
}

/**
 * Transposes factors where a flag says so and gives both as many matrices as the result has, except that a single one
 * stays single.
 */
export function operands(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Operands {
  const batches = [a.shape.slice(0, -2), b.shape.slice(0, -2)] as const;
  const batchShape = broadcast_util.assertAndGetBroadcastShape(...batches);
  return {
    a: stacked(transposeA ? swapped(a) : a, batchShape),
    b: stacked(transposeB ? swapped(b) : b, batchShape),
    batchShape,
  };
}

function stacked(x: Tensor, batchShape: number[]): Tensor3D {
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  const isSingle = x.size === rows * columns;
  const full = isSingle ? x : broadcastTo(x, [...batchShape, rows, columns]);
  return reshape(full, [isSingle ? 1 : full.size / (rows * columns), rows, columns]);
}

function swapped(x: Tensor): Tensor {
  const axes = [...x.shape.keys()];
  return transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}
