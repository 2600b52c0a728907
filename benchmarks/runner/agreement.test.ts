import { expect, test } from 'vitest';
import { rawTensor } from '../work/values.js';
import type { Tensors } from '../work/work.js';
import { largestDifference } from './agreement.js';

const tensors = (values: Readonly<Record<string, number[]>>): Tensors =>
  new Map(
    Object.entries(values).map(([name, list]) => [name, rawTensor(Float32Array.from(list), [list.length])]),
  );

test('differences count relative to the largest value of their tensor', () => {
  const ours = tensors({ large: [100, -200], small: [0.5, 1] });
  expect(largestDifference(tensors({ large: [101, -200], small: [0.5, 1] }), ours)).toEqual({
    name: 'large',
    relative: 1 / 200,
  });
  expect(largestDifference(tensors({ large: [101, -200], small: [0.5, 1.25] }), ours)).toEqual({
    name: 'small',
    relative: 0.25,
  });
});

test('equal results do not differ, not even where all is 0', () => {
  const zero = tensors({ y: [0, 0] });
  expect(largestDifference(zero, zero)).toEqual({ name: '', relative: 0 });
  expect(largestDifference(tensors({ y: [0, 1e-30] }), zero).relative).toBeGreaterThan(1);
});

test.each([
  ['a missing tensor', { y: [1] }, { y: [1], z: [1] }],
  ['a tensor too many', { y: [1], z: [1] }, { y: [1] }],
  ['another shape', { y: [1, 1] }, { y: [1] }],
  ['a value that is no number', { y: [Number.NaN] }, { y: [1] }],
  ['an infinite value', { y: [1] }, { y: [Number.POSITIVE_INFINITY] }],
])('%s differs infinitely', (_, theirs, ours) => {
  expect(largestDifference(tensors(theirs), tensors(ours)).relative).toBe(Number.POSITIVE_INFINITY);
});
