import { expect, test } from 'vitest';
import { floats, rawTensor } from '../../work/values.js';
import { channelsFirst, channelsLast, outputsFirst } from './layout.js';

const counted = (shape: readonly number[]) =>
  rawTensor(
    Float32Array.from({ length: shape.reduce((product, n) => product * n, 1) }, (_, i) => i),
    shape,
  );

test('channels come first, as by hand', () => {
  const y = channelsFirst(counted([1, 2, 2, 3]));
  expect(y.shape).toEqual([1, 3, 2, 2]);
  expect([...floats(y)]).toEqual([0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
});

test('kernels get outputs, then inputs, first', () => {
  const y = outputsFirst(counted([1, 2, 2, 3]));
  expect(y.shape).toEqual([3, 2, 1, 2]);
  expect([...floats(y)]).toEqual([0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11]);
});

test.each([[[2, 3, 5, 4]], [[1, 2, 3, 4, 5]]])('there and back is where we were: %j', (shape) => {
  const x = counted(shape);
  expect(channelsLast(channelsFirst(x))).toEqual(x);
});
