import { rescaling, ShapeError, ValueError } from '@sshn/core';
import { applyAdaptiveAverage, registerGradients } from '@sshn/ops';
import { backends, distinct, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { dispose, grads, mul, sum, type Tensor, tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { average, naivePooling } from '../testing/naive-pooling.js';
import { adaptiveAveragePool } from './adaptive-average.js';

const cases = fc.integer({ min: 2, max: 3 }).chain((rank) => {
  const sizes = fc.array(fc.integer({ min: 1, max: rank === 2 ? 9 : 5 }), {
    minLength: rank,
    maxLength: rank,
  });
  const few = fc.integer({ min: 1, max: 3 });
  return fc.record({
    batch: few,
    from: sizes,
    to: sizes,
    channels: few,
    seed: fc.integer({ min: 1, max: 99 }),
  });
});

const inner = (a: Tensor, b: Tensor): number => tidy(() => sum(mul(a, b))).dataSync()[0]!;

describe.each(backends)('on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('five pixels in two windows share the middle one', () => {
    const x = tensor([1, 2, 3, 4, 5], [1, 5, 1, 1]);
    expect([...applyAdaptiveAverage(x, [2, 1]).dataSync()]).toEqual([2, 4]);
    expect([...applyAdaptiveAverage(x, [1, 1]).dataSync()]).toEqual([3]);
  });

  test('more windows than pixels repeat pixels', () => {
    const x = tensor([1, 5], [1, 1, 2, 1]);
    expect([...applyAdaptiveAverage(x, [1, 3]).dataSync()]).toEqual([1, 3, 5]);
    expect([...applyAdaptiveAverage(x, [2, 2]).dataSync()]).toEqual([1, 5, 1, 5]);
  });

  test('random sizes: as by definition', () => {
    fc.assert(
      fc.property(cases, ({ batch, from, to, channels, seed }) => {
        const x = distinct([batch, ...from, channels], { seed });
        const y = applyAdaptiveAverage(x, to);
        expect(y.shape).toEqual([batch, ...to, channels]);
        const want = naivePooling(x, to, average);
        y.dataSync().forEach((value, i) => {
          expect(Math.abs(value - want[i]!)).toBeLessThan(2e-5);
        });
        dispose([x, y]);
      }),
      { numRuns: 30 },
    );
  });

  test('the gradient is the transpose: ⟨dy, A x⟩ = ⟨Aᵀ dy, x⟩', () => {
    fc.assert(
      fc.property(cases, ({ batch, from, to, channels, seed }) => {
        tidy(() => {
          const x = distinct([batch, ...from, channels], { seed });
          const dy = distinct([batch, ...to, channels], { seed: seed + 1 });
          const [back] = grads((input: Tensor) => sum(mul(applyAdaptiveAverage(input, to), dy)))([x]);
          const size = Math.sqrt(inner(x, x) * inner(dy, dy));
          expect(Math.abs(inner(dy, applyAdaptiveAverage(x, to)) - inner(back!, x)) / size).toBeLessThan(
            1e-5,
          );
        });
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    { shape: [2, 4, 6, 2], size: [2, 3] },
    { shape: [1, 5, 3, 1], size: [2, 6] },
    { shape: [1, 1, 1, 3], size: [6, 6] },
    { shape: [2, 4, 2, 6, 1], size: [2, 1, 3] },
    { shape: [1, 3, 2, 2, 1], size: [2, 2, 1] },
  ])('gradient of $shape to $size agrees with central differences', ({ shape, size }) => {
    const f = (...[x]: Tensor[]) => weighted(applyAdaptiveAverage(x!, size));
    expect(gradientError(f, [distinct(shape)], 0.1)).toBeLessThan(1e-3);
  });

  test('as a layer: one number for all axes, or one each', () => {
    const x = distinct([1, 5, 7, 2]);
    const at = rescaling(0.5);
    expect(adaptiveAveragePool({ size: 3 }).apply({}, x, at).shape).toEqual([1, 3, 3, 2]);
    expect(adaptiveAveragePool({ size: [1, 4] }).apply({}, x, at).shape).toEqual([1, 1, 4, 2]);
    const volume = adaptiveAveragePool({ rank: 3, size: 2 }).apply({}, zeros([1, 3, 4, 5, 1]), at);
    expect(volume.shape).toEqual([1, 2, 2, 2, 1]);
  });

  test('the same size is the identity, in a tensor of its own', () => {
    const x = distinct([1, 3, 2, 2]);
    const y = applyAdaptiveAverage(x, [3, 2]);
    expect(y.dataSync()).toEqual(x.dataSync());
    expect(y.id).not.toBe(x.id);
  });

  test.each([[[2, 3]], [[3, 5]], [[1, 1]]])(
    'to %j leaves nothing behind, forward and backward',
    async (size) => {
      const x = distinct([2, 4, 6, 2]);
      await withoutLeak(() => applyAdaptiveAverage(x, size).dispose());
      await withoutLeak(() => dispose(grads((a: Tensor) => weighted(applyAdaptiveAverage(a, size)))([x])));
      x.dispose();
    },
  );
});

test('refuses sizes and features that do not fit', () => {
  expect(() => adaptiveAveragePool({ size: 0 })).toThrow(
    'adaptiveAveragePool: size: axis 0: got 0, expected an integer of at least 1.',
  );
  expect(() => adaptiveAveragePool({ rank: 3, size: [2, 2] })).toThrow('expected [depth, height, width].');
  expect(() => adaptiveAveragePool({ rank: 5 as never, size: 2 })).toThrow(
    'adaptiveAveragePool: rank: got 5',
  );
  const layer = adaptiveAveragePool({ size: 2 });
  expect(() => layer.apply({}, zeros([1, 2, 2, 2, 1]), rescaling(1))).toThrow(ShapeError);
  expect(() => applyAdaptiveAverage(zeros([1, 4, 4, 1]), [1.5, 1])).toThrow(ValueError);
});
