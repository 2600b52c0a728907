import { initialize, namedSpecs, Rng, rescaledSize, setting } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import {
  backends,
  distinct,
  gradientError,
  naiveConvolution,
  useBackend,
  weighted,
} from '@sshn-internal/testing';
import { conv2d, dispose, type Tensor, type Tensor4D, tensor, zeros } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { convolution } from './convolution.js';
import { downsample } from './resize.js';
import { commonStride, sampledPositions, stridedConvolution } from './strided-convolution.js';
import { expectNothingLeft } from './testing/leaves-nothing.js';

test('positions: the pixel nearest to the middle, the earlier of two', () => {
  expect(sampledPositions(6, 3)).toEqual([0, 2, 4]);
  expect(sampledPositions(5, 3)).toEqual([0, 2, 4]);
  expect(sampledPositions(9, 3)).toEqual([1, 4, 7]);
  expect(sampledPositions(4, 4)).toEqual([0, 1, 2, 3]);
  expect(sampledPositions(7, 1)).toEqual([3]);
  expect(sampledPositions(8, 5)).toEqual([0, 2, 3, 5, 7]);
  for (let from = 1; from < 30; from++)
    for (let to = 1; to <= from; to++) {
      const places = sampledPositions(from, to);
      places.forEach((place, i) => {
        expect(Math.abs(place - ((i + 0.5) * from) / to + 0.5)).toBeLessThanOrEqual(0.5 + 1e-9);
        expect(place).toBeGreaterThan(i === 0 ? -1 : places[i - 1]!);
        expect(place).toBeLessThan(from);
      });
    }
});

test('strides', () => {
  expect(commonStride([0, 2, 4])).toBe(2);
  expect(commonStride([3])).toBe(1);
  expect(commonStride([0, 2, 3])).toBeUndefined();
});

test('parameters are those of the convolution', () => {
  const config = { inChannels: 2, outChannels: 3, activation: 'leakyRelu', slope: 0.1 } as const;
  expect(namedSpecs(stridedConvolution({ step: 0, ...config }).specs)).toEqual(
    namedSpecs(convolution(config).specs),
  );
});

/** Every value of the convolution of stride 1, in double precision, at the positions. */
function reference(x: Tensor, kernel: Tensor, bias: Tensor, size: readonly number[]): number[] {
  const all = naiveConvolution(x, kernel, bias);
  const [batch, out] = [x.shape[0]!, bias.size];
  const from = [...(size.length === 2 ? [1] : []), ...x.shape.slice(1, -1)];
  const places = [...(size.length === 2 ? [1] : []), ...size].map((to, axis) =>
    sampledPositions(from[axis]!, to),
  );
  const y: number[] = [];
  for (let b = 0; b < batch; b++)
    for (const p of places[0]!)
      for (const q of places[1]!)
        for (const r of places[2]!)
          for (let o = 0; o < out; o++)
            y.push(all[(((b * from[0]! + p) * from[1]! + q) * from[2]! + r) * out + o]!);
  return y;
}

const cases = fc.integer({ min: 2, max: 3 }).chain((rank) =>
  fc.record({
    batch: fc.integer({ min: 1, max: 2 }),
    size: fc.array(fc.integer({ min: 1, max: rank === 2 ? 11 : 5 }), { minLength: rank, maxLength: rank }),
    window: fc.array(fc.constantFrom(1, 3, 5), { minLength: rank, maxLength: rank }),
    inChannels: fc.integer({ min: 1, max: 2 }),
    outChannels: fc.integer({ min: 1, max: 3 }),
    factor: fc.double({ min: 0, max: 1, noNaN: true }),
    seed: fc.integer({ min: 1, max: 99 }),
  }),
);

describe.each(backends)('on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('φ = ½ of even sizes is the convolution of stride 2', () => {
    const layer = stridedConvolution({ step: 0, inChannels: 2, outChannels: 3, kernelSize: 1 });
    const params = { kernel: distinct([1, 1, 2, 3]), bias: zeros([3]) };
    const x = distinct([2, 6, 8, 2]) as Tensor4D;
    const y = layer.apply(params, x, setting(0.5)).dataSync();
    const want = conv2d(x, params.kernel as Tensor4D, 2, 'valid').dataSync();
    y.forEach((value, i) => {
      expect(value).toBeCloseTo(want[i]!, 5);
    });
  });

  test('has the size of resizing, for every factor', () => {
    const layer = stridedConvolution({ step: 1, inChannels: 1, outChannels: 2 });
    const params = initialize(layer.specs, Rng.fromSeed(1));
    for (const factor of [0, 0.01, 0.1, 0.3, 0.5, 0.77, 1]) {
      const at = setting([0.9, factor]);
      const x = zeros([1, 65, 9, 1]);
      const want = downsample({ step: 1 }).apply({}, x, at).shape.with(-1, 2);
      expect(layer.apply(params, x, at).shape).toEqual(want);
    }
    const layers = stridedConvolution({ step: 2, inChannels: 1, outChannels: 2 });
    expect(() => layers.apply(params, zeros([1, 4, 4, 1]), setting([1, 1]))).toThrow('setting: step 2');
  });

  test('random sizes, windows and factors: as by definition', () => {
    fc.assert(
      fc.property(cases, ({ batch, size, window, inChannels, outChannels, factor, seed }) => {
        const rank = size.length as 2 | 3;
        const layer = stridedConvolution({ step: 0, rank, inChannels, outChannels, kernelSize: window });
        const x = distinct([batch, ...size, inChannels], { seed });
        const kernel = distinct([...window, inChannels, outChannels], { gap: 0.01, seed });
        const bias = distinct([outChannels]);
        const y = layer.apply({ kernel, bias }, x, setting(factor));
        const want = reference(x, kernel, bias, rescaledSize(size, factor));
        expect(y.size).toBe(want.length);
        y.dataSync().forEach((value, i) => {
          expect(Math.abs(value - want[i]!)).toBeLessThan(1e-3);
        });
        dispose([x, kernel, bias, y]);
      }),
      { numRuns: 20 },
    );
  });

  test('the activation follows the bias', () => {
    const params = { kernel: tensor([1], [1, 1, 1, 1]), bias: tensor([-3]) };
    const layer = stridedConvolution({
      step: 0,
      inChannels: 1,
      outChannels: 1,
      kernelSize: 1,
      activation: 'leakyRelu',
      slope: 0.5,
    });
    expect([...layer.apply(params, tensor([1, 5], [1, 1, 2, 1]), setting(1)).dataSync()]).toEqual([-1, 2]);
  });

  test.each([
    { shape: [2, 6, 4, 2], factor: 0.5 },
    { shape: [1, 7, 8, 1], factor: 0.6 },
    { shape: [1, 5, 3, 2], factor: 0 },
    { shape: [1, 4, 5, 1], factor: 1 },
    { shape: [1, 5, 4, 3, 1], factor: 0.7 },
  ])('gradients of $shape at φ = $factor', ({ shape, factor }) => {
    const [rank, inChannels] = [(shape.length - 2) as 2 | 3, shape.at(-1)!];
    const layer = stridedConvolution({ step: 0, rank, inChannels, outChannels: 2 });
    const f = (...[x, kernel, bias]: Tensor[]) =>
      weighted(layer.apply({ kernel: kernel!, bias: bias! }, x!, setting(factor)));
    const kernel = distinct([...Array<number>(rank).fill(3), inChannels, 2], { gap: 0.02 });
    expect(gradientError(f, [distinct(shape), kernel, distinct([2])], 0.1)).toBeLessThan(2e-3);
  });

  test('leaves nothing behind, forward and backward', async () => {
    const layer = stridedConvolution({ step: 0, inChannels: 2, outChannels: 2, activation: 'leakyRelu' });
    for (const factor of [0.5, 0.6]) await expectNothingLeft(layer, [2, 7, 6, 2], setting(factor));
  });
});

test('refuses what makes no layer, and features that do not fit', () => {
  const config = { inChannels: 2, outChannels: 2 };
  expect(() => stridedConvolution({ step: 0.5, ...config })).toThrow('stridedConvolution: step: got 0.5');
  expect(() => stridedConvolution({ step: 0, ...config, kernelSize: 2 })).toThrow('kernelSize: got 2');
  const layer = stridedConvolution({ step: 0, ...config });
  const params = initialize(layer.specs, Rng.fromSeed(1));
  expect(() => layer.apply(params, zeros([1, 2, 2, 3]), setting(1))).toThrow(
    'stridedConvolution: got shape [1, 2, 2, 3], expected [batch, height, width, 2].',
  );
});
