import { rescaledSize, rescaling, ShapeError, ValueError } from '@sshn/core';
import { applyAdaptiveMaximum, registerGradients } from '@sshn/ops';
import { backends, distinct, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import {
  dispose,
  grads,
  maxPool,
  ones,
  sum,
  type Tensor,
  type Tensor4D,
  tensor,
  zeros,
} from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { downsample } from '../resize/resize.js';
import { average, maximum, naivePooling } from '../testing/naive-pooling.js';
import { averagePooling, maximumPooling } from './downsampling.js';

const factors = [0, 0.01, 0.1, 0.3, 0.37, 0.5, 0.77, 0.99, 1];
const kinds = [
  { name: 'maximumPooling', make: maximumPooling, reduce: maximum },
  { name: 'averagePooling', make: averagePooling, reduce: average },
] as const;

const cases = fc.integer({ min: 2, max: 3 }).chain((rank) =>
  fc.record({
    batch: fc.integer({ min: 1, max: 2 }),
    size: fc.array(fc.integer({ min: 1, max: rank === 2 ? 13 : 6 }), { minLength: rank, maxLength: rank }),
    channels: fc.integer({ min: 1, max: 3 }),
    factor: fc.double({ min: 0, max: 1, noNaN: true }),
    seed: fc.integer({ min: 1, max: 99 }),
  }),
);

describe.each(backends)('on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('by hand: 2×2 windows, and odd sizes share a pixel', () => {
    const x = tensor([1, 2, 5, 6, 3, 9, 8, 7], [1, 2, 4, 1]);
    expect([...maximumPooling({ step: 0 }).apply({}, x, rescaling(0.5)).dataSync()]).toEqual([9, 8]);
    expect([...averagePooling({ step: 0 }).apply({}, x, rescaling(0.5)).dataSync()]).toEqual([3.75, 6.5]);
    const odd = tensor([1, 2, 9, 2, 1], [1, 1, 5, 1]);
    expect([...applyAdaptiveMaximum(odd, [1, 2]).dataSync()]).toEqual([9, 9]);
  });

  test('φ = ½ of even sizes is ordinary max pooling', () => {
    const x = distinct([2, 6, 8, 3]) as Tensor4D;
    const y = maximumPooling({ step: 0 }).apply({}, x, rescaling(0.5));
    expect(y.dataSync()).toEqual(maxPool(x, 2, 2, 'valid').dataSync());
  });

  test.each(kinds)('$name has the size of resizing, for every factor', ({ make }) => {
    for (const factor of factors) {
      for (const shape of [
        [1, 65, 9, 2],
        [2, 7, 1, 1],
        [1, 5, 4, 6, 1],
      ]) {
        const at = rescaling(factor);
        const want = downsample({ step: 0 }).apply({}, zeros(shape), at).shape;
        expect(make({ step: 0 }).apply({}, zeros(shape), at).shape).toEqual(want);
      }
    }
  });

  test.each(kinds)('$name, random sizes and factors: as by definition', ({ make, reduce }) => {
    fc.assert(
      fc.property(cases, ({ batch, size, channels, factor, seed }) => {
        const x = distinct([batch, ...size, channels], { seed });
        const y = make({ step: 0 }).apply({}, x, rescaling(factor));
        const want = naivePooling(x, rescaledSize(size, factor), reduce);
        y.dataSync().forEach((value, i) => {
          expect(Math.abs(value - want[i]!)).toBeLessThan(2e-5);
        });
        dispose([x, y]);
      }),
      { numRuns: 30 },
    );
  });

  test.each(
    kinds.flatMap((kind) =>
      [
        { shape: [2, 6, 4, 2], factor: 0.5 },
        { shape: [1, 7, 5, 2], factor: 0.5 },
        { shape: [1, 11, 8, 1], factor: 0.3 },
        { shape: [2, 9, 1, 1], factor: 0.7 },
        { shape: [1, 5, 3, 1], factor: 0 },
        { shape: [1, 5, 4, 3, 1], factor: 0.6 },
      ].map((where) => ({ ...kind, ...where })),
    ),
  )('$name: gradient of $shape at φ = $factor', ({ make, shape, factor }) => {
    const f = (...[x]: Tensor[]) => weighted(make({ step: 0 }).apply({}, x!, rescaling(factor)));
    expect(gradientError(f, [distinct(shape)], 0.01)).toBeLessThan(2e-3);
  });

  test('equally great values share the gradient, and none is lost', () => {
    for (const size of [
      [2, 2],
      [3, 2],
    ]) {
      const [dx] = grads((x: Tensor) => sum(applyAdaptiveMaximum(x, size)))([ones([1, 4, 4, 1])]);
      const values = [...dx!.dataSync()];
      expect(values.reduce((all, value) => all + value, 0)).toBeCloseTo(size[0]! * size[1]!, 5);
      if (size[0] === 2) for (const value of values) expect(value).toBeCloseTo(0.25, 6);
    }
  });

  test.each(kinds)('$name: separate factors', ({ make }) => {
    const at = rescaling([0.5, 0.25]);
    expect(make({ step: 1 }).apply({}, zeros([1, 8, 8, 1]), at).shape).toEqual([1, 2, 2, 1]);
    expect(() => make({ step: 2 }).apply({}, zeros([1, 8, 8, 1]), at)).toThrow('rescaling: step 2');
  });

  test.each(kinds)('$name leaves nothing behind, forward and backward', async ({ make }) => {
    const x = distinct([2, 7, 6, 2]);
    for (const factor of [1, 0.5, 0.3]) {
      const apply = (input: Tensor) => make({ step: 0 }).apply({}, input, rescaling(factor));
      await withoutLeak(() => apply(x).dispose());
      await withoutLeak(() => dispose(grads((input: Tensor) => weighted(apply(input)))([x])));
    }
    x.dispose();
  });
});

test('refuses steps, features and sizes that do not fit', () => {
  for (const { name, make } of kinds) {
    expect(() => make({ step: -1 })).toThrow(`${name}: step: got -1, expected an integer of at least 0.`);
    expect(() => make({ step: 0 }).apply({}, zeros([4, 4]), rescaling(1))).toThrow(ShapeError);
  }
  expect(() => applyAdaptiveMaximum(zeros([1, 4, 4, 1]), [5, 4])).toThrow(ValueError);
  expect(() => applyAdaptiveMaximum(zeros([1, 4, 4, 1]), [5, 4])).toThrow(
    'adaptive maximum pooling: size: got [5,4], expected at most 4 × 4, the size of the input.',
  );
});
