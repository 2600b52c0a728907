import * as tf from '@tensorflow/tfjs-core';
import { type KernelUse, runKernel } from '../agreement.js';

const matrix = { shape: [4, 6] };
const image = { shape: [2, 4, 6, 8] };
const whole = { shape: [4, 6], dtype: 'int32' } as const;
const mask = { shape: [4, 6], dtype: 'bool' } as const;
const ids = { shape: [5], dtype: 'int32' } as const;

type T = tf.Tensor;
const reductions: { [kernel: string]: (x: T, axis?: number | number[], keepDims?: boolean) => T } = {
  Max: tf.max,
  Mean: tf.mean,
  Min: tf.min,
  Prod: tf.prod,
  Sum: tf.sum,
};

/** Matrix products, reductions, and everything that moves or makes elements. */
export const arrayUses: readonly KernelUse[] = [
  { kernel: 'BatchMatMul', f: (a, b) => tf.matMul(a!, b!), inputs: [matrix, { shape: [6, 3] }] },
  { kernel: 'BatchMatMul', f: (a, b) => tf.matMul(a!, b!, true, true), inputs: [matrix, { shape: [3, 4] }] },
  {
    kernel: 'BatchMatMul',
    f: (a, b) => tf.matMul(a!, b!),
    inputs: [{ shape: [5, 2, 3] }, { shape: [1, 3, 4] }],
  },
  {
    kernel: '_FusedMatMul',
    f: (a, b, bias) => tf.fused.matMul({ a: a!, b: b!, bias: bias!, activation: 'relu' }),
    inputs: [matrix, { shape: [6, 3] }, { shape: [3] }],
  },
  {
    kernel: 'Einsum',
    f: (a, b) => tf.einsum('bij,jk->bik', a!, b!),
    inputs: [{ shape: [5, 2, 3] }, { shape: [3, 4] }],
  },
  ...Object.entries(reductions).flatMap(([kernel, f]) => [
    { kernel, f: (x?: T) => f(x!), inputs: [image] },
    { kernel, f: (x?: T) => f(x!, [1, -2]), inputs: [image] },
    { kernel, f: (x?: T) => f(x!, 1, true), inputs: [whole] },
  ]),
  { kernel: 'Sum', f: (x) => tf.sum(x!, 0), inputs: [mask] },
  { kernel: 'All', f: (x) => tf.all(x!, 1), inputs: [mask] },
  { kernel: 'Any', f: (x) => tf.any(x!), inputs: [mask] },
  { kernel: 'ArgMax', f: (x) => tf.argMax(x!, -1), inputs: [image] },
  { kernel: 'ArgMin', f: (x) => tf.argMin(x!, 1), inputs: [image] },
  {
    kernel: 'Bincount',
    f: (x, w) => runKernel('Bincount', { x: x!, weights: w! }, { size: 4 }),
    inputs: [ids, { shape: [5] }],
  },
  {
    kernel: 'DenseBincount',
    f: (x, w) => tf.denseBincount(x as tf.Tensor2D, w as tf.Tensor2D, 3),
    inputs: [whole, matrix],
  },
  { kernel: 'Cumsum', f: (x) => tf.cumsum(x!, 1), inputs: [matrix] },
  { kernel: 'Cumprod', f: (x) => tf.cumprod(x!, 1), inputs: [matrix] },
  { kernel: 'Softmax', f: (x) => tf.softmax(x!), inputs: [image] },
  { kernel: 'BatchToSpaceND', f: (x) => tf.batchToSpaceND(x!, [2], [[1, 0]]), inputs: [matrix] },
  { kernel: 'Concat', f: (a, b) => tf.concat([a!, b!], -1), inputs: [matrix, { shape: [4, 1] }] },
  { kernel: 'DepthToSpace', f: (x) => tf.depthToSpace(x as tf.Tensor4D, 2, 'NHWC'), inputs: [image] },
  { kernel: 'ExpandDims', f: (x) => tf.expandDims(x!, -1), inputs: [matrix] },
  { kernel: 'ExpandDims', f: (x) => tf.expandDims(x!, 1), inputs: [whole] },
  {
    kernel: 'MirrorPad',
    f: (x) =>
      tf.mirrorPad(
        x!,
        [
          [1, 0],
          [2, 2],
        ],
        'reflect',
      ),
    inputs: [matrix],
  },
  { kernel: 'Pack', f: (a, b) => tf.stack([a!, b!], 1), inputs: [matrix, matrix] },
  {
    kernel: 'PadV2',
    f: (x) =>
      tf.pad(x!, [
        [1, 0],
        [2, 3],
      ]),
    inputs: [matrix],
  },
  { kernel: 'Reshape', f: (x) => tf.reshape(x!, [3, -1]), inputs: [matrix] },
  { kernel: 'Reverse', f: (x) => tf.reverse(x!, [1]), inputs: [matrix] },
  { kernel: 'Slice', f: (x) => tf.slice(x!, [1, 2], [2, -1]), inputs: [matrix] },
  { kernel: 'SpaceToBatchND', f: (x) => tf.spaceToBatchND(x!, [2], [[1, 1]]), inputs: [matrix] },
  { kernel: 'SplitV', f: (x) => tf.split(x!, [1, 2, 3], 1), inputs: [matrix] },
  { kernel: 'SplitV', f: (x) => tf.split(x!, 2, 0), inputs: [matrix] },
  { kernel: 'StridedSlice', f: (x) => tf.stridedSlice(x!, [0, 1], [4, 6], [2, 2]), inputs: [matrix] },
  { kernel: 'Tile', f: (x) => tf.tile(x!, [2, 3]), inputs: [matrix] },
  { kernel: 'Tile', f: (x) => tf.broadcastTo(x!, [5, 4, 6]), inputs: [matrix] },
  { kernel: 'Transpose', f: (x) => tf.transpose(x!, [0, 3, 1, 2]), inputs: [image] },
  { kernel: 'Unpack', f: (x) => tf.unstack(x!, -1), inputs: [matrix] },
  { kernel: 'Diag', f: (x) => tf.diag(x!), inputs: [{ shape: [3] }] },
  { kernel: 'Fill', f: () => tf.fill([2, 3], 7), inputs: [] },
  { kernel: 'Fill', f: () => tf.fill([2, 3], 7, 'int32'), inputs: [] },
  { kernel: 'LinSpace', f: () => tf.linspace(0, 1, 5), inputs: [] },
  { kernel: 'Multinomial', f: (x) => tf.multinomial(x as tf.Tensor2D, 9, 1), inputs: [matrix] },
  ...[
    [0, 5, 2],
    [5, 0, 1],
    [5, 0, -2],
  ].map(([start, stop, step]) => ({
    kernel: 'Range',
    f: () => tf.range(start!, stop!, step, 'int32'),
    inputs: [],
  })),
  {
    kernel: 'GatherNd',
    f: (x) => tf.gatherND(x!, tf.tensor2d([[0], [1], [1]], [3, 1], 'int32')),
    inputs: [image],
  },
  { kernel: 'GatherV2', f: (x, i) => tf.gather(x!, i as tf.Tensor1D, 2), inputs: [image, ids] },
  {
    kernel: 'GatherV2',
    f: (x, i) => tf.gather(x!, i as tf.Tensor1D, 1, 1),
    inputs: [matrix, { shape: [4, 2], dtype: 'int32' }],
  },
  { kernel: 'OneHot', f: (i) => tf.oneHot(i!, 3), inputs: [whole] },
  { kernel: 'OneHot', f: (i) => tf.oneHot(i!, 3, 1, 0, 'float32'), inputs: [whole] },
  {
    kernel: 'ScatterNd',
    f: (x) => tf.scatterND(tf.tensor2d([[0], [3]], [2, 1], 'int32'), x!, [5, 6]),
    inputs: [{ shape: [2, 6] }],
  },
  {
    kernel: 'SearchSorted',
    f: (x, v) => tf.searchSorted(x!, v!),
    inputs: [matrix, { shape: [4, 2] }],
  },
  {
    kernel: 'SparseToDense',
    f: (v) => tf.sparseToDense(tf.tensor1d([0, 3], 'int32'), v!, [5], tf.scalar(0)),
    inputs: [{ shape: [2] }],
  },
  {
    kernel: 'TensorScatterUpdate',
    f: (x, u) => tf.tensorScatterUpdate(x!, tf.tensor2d([[0], [3]], [2, 1], 'int32'), u!),
    inputs: [matrix, { shape: [2, 6] }],
  },
  { kernel: 'TopK', f: (x) => Object.values(tf.topk(x!, 2)), inputs: [matrix] },
  {
    kernel: 'UnsortedSegmentSum',
    f: (x, i) => tf.unsortedSegmentSum(x!, i as tf.Tensor1D, 7),
    inputs: [{ shape: [5, 3] }, ids],
  },
];
