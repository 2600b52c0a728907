import { expect, test } from 'vitest';
import { multiplyAddModule, productsPerIteration } from './multiply-add.js';

test('the module computes what its chains are defined to', () => {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(multiplyAddModule()));
  const work = exports.work as (iterations: number) => number;
  const links = 16;
  const starts = Array.from({ length: 12 }, (_, i) => 3 + i);
  const after = (iterations: number) =>
    starts.reduce((sum, start) => {
      let x = start;
      for (let i = 0; i < links * iterations; i++) x = x * 0.5 + 1;
      return sum + x;
    }, 0);
  expect(work(1)).toBeCloseTo(after(1), 4);
  expect(work(5)).toBe(24);
  expect(productsPerIteration).toBe(12 * links * 4);
});
