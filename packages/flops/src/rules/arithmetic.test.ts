/** Products, element-wise work, reductions, normalization and optimizers, counted by hand. */
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { image, runKernel as kernel, type RuleCase, workOf } from '../testing/rule-case.js';

const cases: readonly RuleCase[] = [
  {
    name: 'matMul',
    f: (a, b) => tf.matMul(a!, b!),
    shapes: [
      [4, 6],
      [6, 3],
    ],
    macs: 72,
  },
  {
    name: 'matMul, both transposed',
    f: (a, b) => tf.matMul(a!, b!, true, true),
    shapes: [
      [6, 4],
      [3, 6],
    ],
    macs: 72,
  },
  {
    name: 'matMul, batched',
    f: (a, b) => tf.matMul(a!, b!),
    shapes: [
      [5, 4, 6],
      [5, 6, 3],
    ],
    macs: 360,
  },
  {
    name: 'fused matMul',
    f: (a, b, bias) => tf.fused.matMul({ a: a!, b: b!, bias: bias! }),
    shapes: [[4, 6], [6, 3], [3]],
    macs: 72,
    elementwise: 12,
  },
  {
    name: 'einsum of two',
    f: (a, b) => tf.einsum('bij,jk->bik', a!, b!),
    shapes: [
      [5, 4, 6],
      [6, 3],
    ],
    macs: 360,
  },
  { name: 'einsum of one', f: (a) => tf.einsum('ij->j', a!), shapes: [[5, 4]], elementwise: 20 },
  { name: 'relu', f: (x) => tf.relu(x!), shapes: [image], elementwise: 288 },
  { name: 'add, broadcast', f: (a, b) => tf.add(a!, b!), shapes: [[3, 1], [4]], elementwise: 12 },
  { name: 'addN', f: (...x) => tf.addN(x), shapes: [[5], [5], [5]], elementwise: 10 },
  {
    name: 'squaredDifference',
    f: (a, b) => tf.squaredDifference(a!, b!),
    shapes: [[5], [5]],
    elementwise: 10,
  },
  { name: 'EluGrad', f: kernel('EluGrad', ['dy', 'y']), shapes: [[5], [5]], elementwise: 10 },
  { name: 'where', f: (a, b) => tf.where(tf.greater(a!, 0), a!, b!), shapes: [[5], [5]], elementwise: 10 },
  { name: 'prelu', f: (x, a) => tf.prelu(x!, a!), shapes: [[2, 5], [5]], elementwise: 10 },
  { name: 'sum', f: (x) => tf.sum(x!, 1), shapes: [[4, 5]], elementwise: 20 },
  { name: 'mean: a division per result', f: (x) => tf.mean(x!, 1), shapes: [[4, 5]], elementwise: 24 },
  { name: 'max', f: (x) => tf.max(x!, 1), shapes: [[4, 5]], elementwise: 20 },
  { name: 'cumsum', f: (x) => tf.cumsum(x!, 1), shapes: [[4, 5]], elementwise: 20 },
  { name: 'topk', f: (x) => tf.topk(x!, 2), shapes: [[4, 5]], elementwise: 20 },
  {
    name: 'unsortedSegmentSum',
    f: (x) => tf.unsortedSegmentSum(x!, tf.tensor1d([0, 1, 1, 2], 'int32'), 3),
    shapes: [[4, 5]],
    elementwise: 20,
  },
  {
    name: 'scatterND',
    f: (x) => tf.scatterND(tf.tensor2d([[0], [3]], [2, 1], 'int32'), x!, [9, 5]),
    shapes: [[2, 5]],
    elementwise: 10,
  },
  {
    name: 'searchSorted: 3 bisections',
    f: (x, v) => tf.searchSorted(x!, v!),
    shapes: [
      [4, 7],
      [4, 2],
    ],
    elementwise: 24,
  },
  {
    name: 'multinomial',
    f: (x) => tf.multinomial(x as tf.Tensor2D, 9, 1),
    shapes: [[4, 5]],
    elementwise: 180,
  },
  {
    name: 'batchNorm',
    f: (x, m, v) => tf.batchNorm(x!, m as tf.Tensor1D, v as tf.Tensor1D),
    shapes: [image, [3], [3]],
    elementwise: 288,
  },
  {
    name: 'batchNorm, affine',
    f: (x, m, v) => tf.batchNorm(x!, m as tf.Tensor1D, v as tf.Tensor1D, m as tf.Tensor1D, v as tf.Tensor1D),
    shapes: [image, [3], [3]],
    elementwise: 576,
  },
  { name: 'softmax', f: (x) => tf.softmax(x!), shapes: [[4, 5]], elementwise: 100 },
  {
    name: 'localResponseNormalization',
    f: (x) => tf.localResponseNormalization(x as tf.Tensor4D, 2),
    shapes: [image],
    elementwise: 288 * 14,
  },
  {
    name: 'LRNGrad',
    f: kernel('LRNGrad', ['x', 'y', 'dy'], { depthRadius: 2, bias: 1, alpha: 1, beta: 0.5 }),
    shapes: [image, image, image],
    elementwise: 288 * 28,
  },
  {
    name: 'SshnLeakyReluGrad',
    f: kernel('SshnLeakyReluGrad', ['dy', 'y'], { slope: 0.1 }),
    shapes: [image, image],
    elementwise: 288,
  },
  {
    name: 'SshnHeads',
    f: kernel('SshnHeads', ['gates', 'hidden', 'weight0', 'base0', 'weight1', 'base1'], {
      baseScales: [1, 0.5],
    }),
    shapes: [[2, 1], [1, 5], [7, 5], [7], [3, 5], [3]],
    macs: 50,
    elementwise: 10 + 7 + 6,
  },
  {
    name: 'SshnHeadsGrad',
    f: kernel('SshnHeadsGrad', ['gates', 'hidden', 'weight0', 'dy0', 'weight1', 'dy1']),
    shapes: [[2, 1], [1, 5], [7, 5], [7], [3, 5], [3]],
    macs: 100,
    elementwise: 50,
  },
  {
    name: 'SshnCrossEntropy',
    f: kernel('SshnCrossEntropy', ['logits', 'labels']),
    shapes: [
      [2, 3, 4],
      [2, 3],
    ],
    elementwise: 168,
  },
  {
    name: 'SshnSoftDice',
    f: kernel('SshnSoftDice', ['logits', 'labels']),
    shapes: [
      [2, 3, 4],
      [2, 3],
    ],
    elementwise: 408,
  },
  {
    name: 'SshnAdam',
    f: kernel('SshnAdam', ['param', 'm', 'v', 'grad'], { weightDecay: 0 }),
    shapes: [[5], [5], [5], [5]],
    elementwise: 70,
  },
  {
    name: 'SshnAdam with decay',
    f: kernel('SshnAdam', ['param', 'm', 'v', 'grad'], { weightDecay: 0.1 }),
    shapes: [[5], [5], [5], [5]],
    elementwise: 80,
  },
];

test.each(cases)('$name', (use) => {
  const { macs = 0, elementwise = 0 } = use;
  expect(workOf(use)).toEqual({ macs, flops: 2 * macs + elementwise });
});
