import { sizeOf, type Work } from '@sshn/ops';
import { backend_util, type DataType, type MaxAttrs, type SumAttrs, util } from '@tensorflow/tfjs-core';
import type { TensorShape } from '../graph.js';
import { type Of, type RuleTable, rulesFor } from './rule.js';

interface Reach {
  readonly depthRadius: number;
}

interface Bins {
  readonly size: number;
}

/** One operation per element that goes in. */
const perInput = ({ x }: Of<'x'>): Work => ({ elementwise: sizeOf(x) });

const reduceTo =
  (resultType: (dtype: DataType) => DataType) =>
  ({ x }: Of<'x'>, { axis, keepDims }: SumAttrs): TensorShape => ({
    shape: reducedShape(x, axis, keepDims),
    dtype: resultType(x.dtype),
  });

/** No axis stands for all of them; kernels without `keepDims` drop the axis. */
function reducedShape({ shape }: TensorShape, axis: number | number[], keepDims = false): number[] {
  const reduced = util.parseAxisParam(axis, [...shape]);
  return shape.flatMap((n, i) => (reduced.includes(i) ? (keepDims ? [1] : []) : [n]));
}

/** Sums, extremes and counts along axes. */
export const reduction: RuleTable = {
  ...rulesFor(['All', 'Any'], { shapes: reduceTo(() => 'bool'), work: perInput }),
  Max: {
    shapes: ({ x }: Of<'x'>, { reductionIndices, keepDims }: MaxAttrs) => ({
      shape: reducedShape(x, reductionIndices, keepDims),
      dtype: x.dtype,
    }),
    work: perInput,
  },
  Min: { shapes: reduceTo((dtype) => dtype), work: perInput },
  ...rulesFor(['Prod', 'Sum'], {
    shapes: reduceTo((dtype) => backend_util.upcastType(dtype, 'int32')),
    work: perInput,
  }),
  ...rulesFor(['ArgMax', 'ArgMin'], { shapes: reduceTo(() => 'int32'), work: perInput }),
  Mean: {
    shapes: reduceTo(() => 'float32'),
    work: ({ x }: Of<'x'>, _, [y]) => ({ elementwise: sizeOf(x) + sizeOf(y) }),
  },
  Bincount: {
    shapes: ({ weights }: Of<'x' | 'weights'>, { size }: Bins) => ({ shape: [size], dtype: weights.dtype }),
    work: perInput,
  },
  DenseBincount: {
    shapes: ({ x, weights }: Of<'x' | 'weights'>, { size }: Bins) => ({
      shape: [...x.shape.slice(0, -1), size],
      dtype: weights.dtype,
    }),
    work: perInput,
  },
  ...rulesFor(['Cumprod', 'Cumsum'], { shapes: ({ x }: Of<'x'>) => x, work: perInput }),
};

const neighbors = ({ depthRadius }: Reach): number => 2 * depthRadius + 1;

/** What rescales by statistics: the shape stays, and work is per element of the output. */
export const normalization: RuleTable = {
  // One multiplication and one addition, as statistics, scale and offset fold into two numbers per channel.
  FusedBatchNorm: {
    shapes: ({ x }: Of<'x'>) => x,
    work: (inputs, _, [y]) => {
      const isAffine = inputs.scale !== undefined || inputs.offset !== undefined;
      return { elementwise: (isAffine ? 2 : 1) * sizeOf(y) };
    },
  },
  // Maximum, difference, exponential, sum, quotient.
  Softmax: {
    shapes: ({ logits }: Of<'logits'>) => ({ shape: logits.shape, dtype: 'float32' }),
    work: (_, __, [y]) => ({ elementwise: 5 * sizeOf(y) }),
  },
  // A square and a sum per neighbor; scale, shift, power, quotient.
  LRN: {
    shapes: ({ x }: Of<'x'>) => x,
    work: (_, reach: Reach, [y]) => ({ elementwise: sizeOf(y) * (2 * neighbors(reach) + 4) }),
  },
  LRNGrad: {
    shapes: ({ x }: Of<'x'>) => x,
    work: ({ dy }: Of<'dy'>, reach: Reach) => ({ elementwise: sizeOf(dy) * (4 * neighbors(reach) + 8) }),
  },
};
