import { ValueError } from '@sshn/core';
import { backends, useBackend, withoutLeak } from '@sshn-internal/testing';
import { dispose, fill, type Tensor, tensor, tensor1d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { clipByGlobalNorm, clippingScale, firstNonFinite, globalNorm } from './clipping.js';

const read = (t: Tensor | undefined) => Array.from(t!.dataSync());

describe.each(backends)('clipping on %s', (backend) => {
  beforeAll(() => useBackend(backend));
  const gradients = () => ({ a: tensor([0, 3], [1, 2]), b: tensor(4) });

  test('norm 5 is scaled to 1, all tensors alike', () => {
    const { gradients: clipped, norm } = clipByGlobalNorm(gradients(), 1);
    expect(read(norm)).toEqual([5]);
    [0, 0.6].forEach((value, i) => {
      expect(read(clipped.a)[i]).toBeCloseTo(value, 6);
    });
    expect(read(clipped.b)[0]).toBeCloseTo(0.8, 6);
    expect(clipped.a.shape).toEqual([1, 2]);
  });

  test('a smaller norm changes nothing, to the bit', () => {
    const { gradients: clipped } = clipByGlobalNorm(gradients(), 5);
    expect(Object.values(clipped).map(read)).toEqual(Object.values(gradients()).map(read));
  });

  test('the norm of 2^22 entries is exact, that of none is 0', () => {
    const many = fill([2048, 2048], 0.5);
    expect(read(globalNorm({ many }))).toEqual([1024]);
    expect(read(globalNorm({}))).toEqual([0]);
    many.dispose();
  });

  test('keeps nothing else alive', async () => {
    const given = gradients();
    await withoutLeak(() => {
      const { gradients: clipped, norm } = clipByGlobalNorm(given, 1);
      dispose([norm, ...Object.values(clipped)]);
    });
    expect(Object.values(given).some((gradient) => gradient.isDisposed)).toBe(false);
  });

  test('the scale that an optimizer takes clips alike', () => {
    for (const maxNorm of [0.1, 1, 5, 6]) {
      const { gradients: clipped, norm } = clipByGlobalNorm(gradients(), maxNorm);
      const scale = clippingScale(read(norm)[0]!, maxNorm);
      expect(scale).toBe(maxNorm / Math.max(5, maxNorm));
      expect(read(clipped.b)[0]).toBeCloseTo(4 * scale, 6);
    }
    expect(clippingScale(0, 1)).toBe(1);
    expect(clippingScale(Number.NaN, 1)).toBeNaN();
  });

  test('wants a positive norm', () => {
    expect(() => clipByGlobalNorm(gradients(), 0)).toThrow(ValueError);
    expect(() => clipByGlobalNorm(gradients(), Number.NaN)).toThrow(ValueError);
    expect(() => clippingScale(1, -1)).toThrow('clippingScale: maxNorm');
    expect(() => clippingScale(1, Number.POSITIVE_INFINITY)).toThrow(ValueError);
  });

  test('a non-finite entry shows in the norm, and firstNonFinite names it', async () => {
    const bad = {
      ...gradients(),
      encoder: { kernel: tensor1d([1, Number.NEGATIVE_INFINITY, Number.NaN]) },
      head: { bias: tensor1d([Number.NaN]) },
    };
    expect(Number.isFinite(read(globalNorm(bad))[0])).toBe(false);
    expect(await firstNonFinite(bad)).toEqual({
      path: 'encoder.kernel',
      value: Number.NEGATIVE_INFINITY,
      index: 1,
      count: 2,
    });
    const good = gradients();
    expect(await withoutLeak(() => firstNonFinite(good))).toBeUndefined();
  });
});
