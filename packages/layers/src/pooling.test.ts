import {
  initialize,
  namedParams,
  namedSpecs,
  type ParamsOf,
  Rng,
  rescaledSize,
  ShapeError,
  setting,
  ValueError,
} from '@sshn/core';
import {
  applyAdaptiveAverage,
  applyAdaptiveMaximum,
  interpolationMatrix,
  registerGradients,
} from '@sshn/ops';
import {
  backends,
  distinct,
  gradientError,
  resizings,
  useBackend,
  weighted,
  withoutLeak,
} from '@sshn-internal/testing';
import {
  dispose,
  grads,
  maxPool,
  mul,
  ones,
  slice,
  sum,
  type Tensor,
  type Tensor4D,
  tensor,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import {
  adaptiveAveragePool,
  averagePooling,
  globalAveragePool,
  maximumPooling,
  pyramidPooling,
} from './pooling.js';
import { downsample } from './resize.js';
import { expectNothingLeft } from './testing/leaves-nothing.js';
import { average, maximum, naivePooling } from './testing/naive-pooling.js';

describe('adaptive average', () => {
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
        fc.property(resizings, ({ batch, from, to, channels, seed }) => {
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
        fc.property(resizings, ({ batch, from, to, channels, seed }) => {
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
      const at = setting(0.5);
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
    expect(() => layer.apply({}, zeros([1, 2, 2, 2, 1]), setting(1))).toThrow(ShapeError);
    expect(() => applyAdaptiveAverage(zeros([1, 4, 4, 1]), [1.5, 1])).toThrow(ValueError);
  });
});

describe('global average', () => {
  const at = setting(0.5);
  const apply = (x: Tensor) => globalAveragePool().apply({}, x, at);

  describe.each(backends)('on %s', (backend) => {
    beforeAll(async () => {
      await useBackend(backend);
      registerGradients();
    });

    test('the mean of four pixels, channel by channel', () => {
      const y = apply(tensor([1, 10, 2, 20, 3, 30, 6, 60], [1, 2, 2, 2]));
      expect(y.shape).toEqual([1, 1, 1, 2]);
      expect([...y.dataSync()]).toEqual([3, 30]);
      expect(apply(zeros([2, 3, 1, 5, 4])).shape).toEqual([2, 1, 1, 1, 4]);
    });

    test.each([[[2, 3, 5, 2]], [[1, 1, 1, 1]], [[2, 2, 1, 3, 2]]])('gradient at %j', (shape) => {
      const f = (...[x]: Tensor[]) => weighted(apply(x!));
      expect(gradientError(f, [distinct(shape)], 0.1)).toBeLessThan(1e-3);
    });

    test('leaves nothing behind, forward and backward', async () => {
      const x = distinct([2, 3, 1, 2]);
      await withoutLeak(() => apply(x).dispose());
      await withoutLeak(() => dispose(grads((a: Tensor) => weighted(apply(a)))([x])));
      x.dispose();
    });
  });

  test('refuses what is no feature map', () => {
    expect(() => apply(zeros([3, 3]))).toThrow(ShapeError);
  });
});

describe('downsampling', () => {
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
      expect([...maximumPooling({ step: 0 }).apply({}, x, setting(0.5)).dataSync()]).toEqual([9, 8]);
      expect([...averagePooling({ step: 0 }).apply({}, x, setting(0.5)).dataSync()]).toEqual([3.75, 6.5]);
      const odd = tensor([1, 2, 9, 2, 1], [1, 1, 5, 1]);
      expect([...applyAdaptiveMaximum(odd, [1, 2]).dataSync()]).toEqual([9, 9]);
    });

    test('φ = ½ of even sizes is ordinary max pooling', () => {
      const x = distinct([2, 6, 8, 3]) as Tensor4D;
      const y = maximumPooling({ step: 0 }).apply({}, x, setting(0.5));
      expect(y.dataSync()).toEqual(maxPool(x, 2, 2, 'valid').dataSync());
    });

    test.each(kinds)('$name has the size of resizing, for every factor', ({ make }) => {
      for (const factor of factors) {
        for (const shape of [
          [1, 65, 9, 2],
          [2, 7, 1, 1],
          [1, 5, 4, 6, 1],
        ]) {
          const at = setting(factor);
          const want = downsample({ step: 0 }).apply({}, zeros(shape), at).shape;
          expect(make({ step: 0 }).apply({}, zeros(shape), at).shape).toEqual(want);
        }
      }
    });

    test.each(kinds)('$name, random sizes and factors: as by definition', ({ make, reduce }) => {
      fc.assert(
        fc.property(cases, ({ batch, size, channels, factor, seed }) => {
          const x = distinct([batch, ...size, channels], { seed });
          const y = make({ step: 0 }).apply({}, x, setting(factor));
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
      const f = (...[x]: Tensor[]) => weighted(make({ step: 0 }).apply({}, x!, setting(factor)));
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
      const at = setting([0.5, 0.25]);
      expect(make({ step: 1 }).apply({}, zeros([1, 8, 8, 1]), at).shape).toEqual([1, 2, 2, 1]);
      expect(() => make({ step: 2 }).apply({}, zeros([1, 8, 8, 1]), at)).toThrow('setting: step 2');
    });

    test.each(kinds)('$name leaves nothing behind, forward and backward', async ({ make }) => {
      const x = distinct([2, 7, 6, 2]);
      for (const factor of [1, 0.5, 0.3]) {
        const apply = (input: Tensor) => make({ step: 0 }).apply({}, input, setting(factor));
        await withoutLeak(() => apply(x).dispose());
        await withoutLeak(() => dispose(grads((input: Tensor) => weighted(apply(input)))([x])));
      }
      x.dispose();
    });
  });

  test('refuses steps, features and sizes that do not fit', () => {
    for (const { name, make } of kinds) {
      expect(() => make({ step: -1 })).toThrow(`${name}: step: got -1, expected an integer of at least 0.`);
      expect(() => make({ step: 0 }).apply({}, zeros([4, 4]), setting(1))).toThrow(ShapeError);
    }
    expect(() => applyAdaptiveMaximum(zeros([1, 4, 4, 1]), [5, 4])).toThrow(ValueError);
    expect(() => applyAdaptiveMaximum(zeros([1, 4, 4, 1]), [5, 4])).toThrow(
      'adaptive maximum pooling: size: got [5,4], expected at most 4 × 4, the size of the input.',
    );
  });
});

describe('pyramid', () => {
  const at = setting(0.5);

  test('names, channels and their types', () => {
    const layer = pyramidPooling({ inChannels: 8 });
    expect(layer.outChannels).toBe(16);
    expect(namedSpecs(layer.specs).map(([path, { shape }]) => [path, ...shape])).toEqual(
      [0, 1, 2, 3].flatMap((level) => [
        [`levels.${level}.bias`, 2],
        [`levels.${level}.kernel`, 1, 1, 8, 2],
      ]),
    );
    expectTypeOf<ParamsOf<typeof layer.specs>['levels'][number]['kernel']>().toEqualTypeOf<Tensor>();
    expect(pyramidPooling({ inChannels: 3 }).outChannels).toBe(7);
    expect(pyramidPooling({ inChannels: 3, bins: [1, 5], outChannelsPerBin: 4 }).outChannels).toBe(11);
    const kernel = pyramidPooling({ rank: 3, inChannels: 3, bins: [2] }).specs.levels[0]!.kernel;
    expect(kernel.shape).toEqual([1, 1, 1, 3, 3]);
  });

  describe.each(backends)('on %s', (backend) => {
    beforeAll(async () => {
      await useBackend(backend);
      registerGradients();
    });

    test('by hand: one bin is the mean, weighted, everywhere', () => {
      const params = { levels: [{ kernel: tensor([10], [1, 1, 1, 1]), bias: tensor([1]) }] };
      const x = tensor([1, 2, 3, 6], [1, 2, 2, 1]);
      const layer = pyramidPooling({ inChannels: 1, bins: [1] });
      expect([...layer.apply(params, x, at).dataSync()]).toEqual([1, 31, 2, 31, 3, 31, 6, 31]);
      const negative = { levels: [{ kernel: tensor([-10], [1, 1, 1, 1]), bias: tensor([0]) }] };
      const active = pyramidPooling({ inChannels: 1, bins: [1], activation: 'leakyRelu', slope: 0.5 });
      expect([...active.apply(negative, x, at).dataSync()]).toEqual([1, -15, 2, -15, 3, -15, 6, -15]);
    });

    test.each([[[5, 7]], [[1, 1]], [[6, 12]], [[2, 9]]])('size %j: as by definition', (size) => {
      const bins = [1, 2, 3, 6];
      const [height, width] = size as [number, number];
      const layer = pyramidPooling({ inChannels: 2, bins, outChannelsPerBin: 1 });
      const params = initialize(layer.specs, Rng.fromSeed(5));
      const x = distinct([2, height, width, 2]);
      const y = layer.apply(params, x, at);
      expect(y.shape).toEqual([2, height, width, 6]);
      const got = y.dataSync();
      bins.forEach((bin, level) => {
        const pooled = naivePooling(x, [bin, bin], average);
        const [first, second] = params.levels[level]!.kernel.dataSync();
        const [rows, columns] = [interpolationMatrix(bin, height), interpolationMatrix(bin, width)];
        for (let b = 0; b < 2; b++)
          for (let row = 0; row < height; row++)
            for (let column = 0; column < width; column++) {
              let want = 0;
              for (let i = 0; i < bin; i++)
                for (let j = 0; j < bin; j++) {
                  const pixel = ((b * bin + i) * bin + j) * 2;
                  const value = pooled[pixel]! * first! + pooled[pixel + 1]! * second!;
                  want += rows[row * bin + i]! * columns[column * bin + j]! * value;
                }
              const value = got[((b * height + row) * width + column) * 6 + 2 + level]!;
              expect(Math.abs(value - want)).toBeLessThan(2e-5);
            }
      });
      expect(slice(y, [0, 0, 0, 0], [2, height, width, 2]).dataSync()).toEqual(x.dataSync());
    });

    test.each([[[1, 5, 4, 2]], [[2, 1, 1, 2]], [[1, 2, 3, 2, 2]]])('gradients at %j', (shape) => {
      const rank = (shape.length - 2) as 2 | 3;
      const layer = pyramidPooling({ rank, inChannels: 2, bins: [1, 3] });
      const params = namedParams(initialize(layer.specs, Rng.fromSeed(2)));
      const f = (x: Tensor, ...[bias0, kernel0, bias1, kernel1]: Tensor[]) =>
        weighted(
          layer.apply(
            {
              levels: [
                { kernel: kernel0!, bias: bias0! },
                { kernel: kernel1!, bias: bias1! },
              ],
            },
            x,
            at,
          ),
        );
      expect(gradientError(f as never, [distinct(shape), ...params.values()], 0.1)).toBeLessThan(2e-3);
    });

    test('leaves nothing behind, forward and backward', async () => {
      const layer = pyramidPooling({ inChannels: 4, activation: 'leakyRelu' });
      await expectNothingLeft(layer, [2, 3, 5, 4], at);
    });
  });

  test('refuses what makes no layer, and features that do not fit', () => {
    expect(() => pyramidPooling({ inChannels: 4, bins: [] })).toThrow(
      'pyramidPooling: bins: got [], expected at least one.',
    );
    expect(() => pyramidPooling({ inChannels: 4, bins: [1, 0] })).toThrow(
      'pyramidPooling: bins: level 1: got 0',
    );
    expect(() => pyramidPooling({ inChannels: 0 })).toThrow('pyramidPooling: inChannels: got 0');
    expect(() => pyramidPooling({ inChannels: 4, outChannelsPerBin: 1.5 })).toThrow(
      'outChannelsPerBin: got 1.5',
    );
    expect(() => pyramidPooling({ inChannels: 4, slope: 0.1 })).toThrow('slope: got 0.1');
    const layer = pyramidPooling({ inChannels: 4 });
    const params = initialize(layer.specs, Rng.fromSeed(1));
    expect(() => layer.apply(params, zeros([1, 2, 2, 3]), at)).toThrow(
      'pyramidPooling: got shape [1, 2, 2, 3], expected [batch, height, width, 4].',
    );
  });
});
