import { type InputTree, trace } from '@sshn/trace';
import { useBackend } from '@sshn-internal/testing';
import {
  add,
  cast,
  clone,
  concat,
  greater,
  mul,
  relu,
  reshape,
  scalar,
  type Tensor,
  tensor1d,
  tidy,
} from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { peakActivationBytes } from './liveness.js';

beforeAll(() => useBackend('cpu'));

/** In floats, for a function of an input of 10 of them. */
function peak(f: (x: Tensor, w: Tensor) => unknown): number {
  const inputs: InputTree[] = [{ shape: [10] }, { w: { shape: [10], kind: 'param' } }];
  const { graph } = trace((x, weights) => f(x as Tensor, (weights as { w: Tensor }).w), inputs);
  return peakActivationBytes(graph) / 4;
}

test('nothing runs: the input', () => {
  expect(peak((x) => x)).toBe(10);
});

test('a chain holds two tensors at a time', () => {
  expect(peak((x) => relu(relu(relu(x))))).toBe(20);
});

test('a skip connection lives until it is joined', () => {
  // at the second relu: the skip, its input and its output
  expect(peak((x) => concat([x, relu(relu(x))]))).toBe(40);
  expect(peak((x) => add(x, relu(relu(x))))).toBe(30);
});

test('outputs live to the end', () => {
  expect(
    peak((x) => {
      const y = relu(x);
      return relu(relu(y));
    }),
  ).toBe(20);
  expect(
    peak((x) => {
      const y = relu(x);
      return [y, relu(relu(y))];
    }),
  ).toBe(30);
});

test('an output that nothing reads is there while it is made', () => {
  expect(
    peak((x) =>
      tidy(() => {
        relu(x);
        return x;
      }),
    ),
  ).toBe(20);
});

test('parameters and captured tensors are apart; constants are not', () => {
  expect(peak((x, w) => mul(x, w))).toBe(20);
  const captured = tensor1d([1]);
  expect(peak((x) => mul(x, captured))).toBe(20);
  captured.dispose();
  expect(peak((x) => mul(x, scalar(2)))).toBe(21);
});

test('reshapes and clones share memory, and keep it alive', () => {
  expect(peak((x) => reshape(reshape(x, [2, 5]), [5, 2]))).toBe(10);
  expect(peak((x) => clone(clone(x)))).toBe(10);
  expect(
    peak((x) => {
      const view = reshape(relu(x), [2, 5]);
      return [relu(relu(x)), view];
    }),
  ).toBe(30);
  expect(peak((_, w) => reshape(w, [2, 5]))).toBe(10);
});

test('by the size of the type', () => {
  const { graph } = trace((x) => cast(greater(x, x), 'int32'), [{ shape: [8] }]);
  expect(peakActivationBytes(graph)).toBe(8 * 4 + 8); // then 8 + 8 · 4
});
