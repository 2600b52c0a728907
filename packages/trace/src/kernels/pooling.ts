import { sizeOf, type Work } from '@sshn/ops';
import {
  type AvgPool3DAttrs,
  type AvgPoolAttrs,
  backend_util,
  type MaxPoolWithArgmaxAttrs,
} from '@tensorflow/tfjs-core';
import type { TensorShape } from '../graph.js';
import { type NamedShapes, type Of, product, type RuleTable, rulesFor } from './rule.js';

type Shape4D = [number, number, number, number];
type Shape5D = [number, number, number, number, number];

interface Window {
  readonly filterSize: number | readonly number[];
}

/** One operation per element of the window for so many results. */
function windowWork({ filterSize }: Window, rank: 2 | 3, results: TensorShape): Work {
  const window = typeof filterSize === 'number' ? filterSize ** rank : product(filterSize);
  return { elementwise: window * sizeOf(results) };
}

/** Every element of the result, on the way back of its gradient `dy`, meets a window. */
const forward =
  (rank: 2 | 3) =>
  (_: NamedShapes, window: Window, [y]: readonly [TensorShape, ...TensorShape[]]) =>
    windowWork(window, rank, y);

const likeInput = ({ input }: Of<'input'>): TensorShape => ({ shape: input.shape, dtype: 'float32' });

/** Pooling and its gradients. */
export const pooling: RuleTable = {
  ...rulesFor(['AvgPool', 'MaxPool'], {
    shapes: ({ x }: Of<'x'>, { filterSize, strides, pad, dimRoundingMode }: AvgPoolAttrs) => {
      const { outShape } = backend_util.computePool2DInfo(
        x.shape as Shape4D,
        filterSize,
        strides,
        1,
        pad,
        dimRoundingMode,
      );
      return { shape: outShape, dtype: x.dtype };
    },
    work: forward(2),
  }),
  ...rulesFor(['AvgPool3D', 'MaxPool3D'], {
    shapes: ({ x }: Of<'x'>, { filterSize, strides, pad, dimRoundingMode, dataFormat }: AvgPool3DAttrs) => {
      const { outShape } = backend_util.computePool3DInfo(
        x.shape as Shape5D,
        filterSize,
        strides,
        1,
        pad,
        dimRoundingMode,
        dataFormat,
      );
      return { shape: outShape, dtype: 'float32' };
    },
    work: forward(3),
  }),
  MaxPoolWithArgmax: {
    shapes: ({ x }: Of<'x'>, { filterSize, strides, pad }: MaxPoolWithArgmaxAttrs) => {
      const { outShape } = backend_util.computePool2DInfo(x.shape as Shape4D, filterSize, strides, 1, pad);
      return [
        { shape: outShape, dtype: x.dtype },
        { shape: outShape, dtype: 'int32' },
      ];
    },
    work: forward(2),
  },
  ...rulesFor(['AvgPoolGrad', 'MaxPoolGrad'], {
    shapes: likeInput,
    work: ({ dy }: Of<'dy'>, window: Window) => windowWork(window, 2, dy),
  }),
  ...rulesFor(['AvgPool3DGrad', 'MaxPool3DGrad'], {
    shapes: likeInput,
    work: ({ dy }: Of<'dy'>, window: Window) => windowWork(window, 3, dy),
  }),
};
