import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

/** A tensor in a file of golden vectors. */
export interface Values {
  readonly shape: number[];
  readonly data: number[];
}

export const asTensor = ({ shape, data }: Values): Tensor => tensor(data, shape, 'float32');

/** Largest difference relative to the largest value; the vectors are rounded to six digits. */
export function expectClose(got: Tensor, want: Values): void {
  expect(got.shape).toEqual(want.shape);
  const values = got.dataSync();
  const scale = Math.max(...want.data.map(Math.abs), 0.1);
  const worst = Math.max(...want.data.map((value, i) => Math.abs(value - values[i]!)));
  expect(worst / scale).toBeLessThan(1e-5);
}
