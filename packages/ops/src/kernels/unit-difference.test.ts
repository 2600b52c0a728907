import { registerGradients } from '@sshn/ops';
import { backends, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { dispose, grad, type Tensor, type Tensor2D, tensor2d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { unitDifference } from './unit-difference.js';

const rows = [
  [3, -4, 0.5],
  [1, 2, -7],
];

/** A row with a mean square of 1, in double precision. */
function unit(row: readonly number[]): number[] {
  const root = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / row.length);
  return row.map((value) => value / root);
}

describe.each(backends)('a unit difference on %s', (backend) => {
  beforeAll(async () => {
    registerGradients();
    await useBackend(backend);
  });

  it.each([1, 2])('of %d rows', async (count) => {
    const x = tensor2d(rows.slice(0, count));
    const [first, second] = rows.map(unit) as [number[], number[]];
    await withoutLeak(() => {
      const y = unitDifference(x, { epsilon: 1e-12, scale: 2 });
      expect(y.shape).toEqual([1, 3]);
      for (const [i, value] of y.dataSync().entries())
        expect(value).toBeCloseTo(2 * (first[i]! - (count === 1 ? 0 : second[i]!)), 5);
      y.dispose();
    });
    x.dispose();
  });

  it.each([1, 2])('of %d rows has the gradient that central differences show', async (count) => {
    const x = tensor2d(rows.slice(0, count));
    const f = (given: Tensor): Tensor =>
      weighted(unitDifference(given as Tensor2D, { epsilon: 0.1, scale: 3 }));
    expect(gradientError(f, [x], 0.05)).toBeLessThan(1e-3);
    await withoutLeak(() => dispose(grad(f)(x)));
    x.dispose();
  });

  it('of rows of zeros is zero', () => {
    const x = tensor2d([[0, 0]]);
    const y = unitDifference(x, { epsilon: 1e-12, scale: 1 });
    expect([...y.dataSync()]).toEqual([0, 0]);
    dispose([x, y]);
  });
});
