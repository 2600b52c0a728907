import {
  countParams,
  initialize,
  namedSpecs,
  OptionError,
  type ParamsOf,
  Rng,
  setting,
  ValueError,
} from '@sshn/core';
import { applyConvolution, registerGradients } from '@sshn/ops';
import {
  backends,
  distinct,
  goldenCases,
  gradientError,
  naiveConvolution,
  useBackend,
  weighted,
  withoutLeak,
} from '@sshn-internal/testing';
import { dispose, grads, moments, mul, sum, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { leakyRelu } from './activation.js';
import { sequential } from './containers.js';
import { convolution, modulatedConvolution } from './convolution.js';
import { film } from './film.js';
import { asTensor, expectClose, type Values } from './testing/golden.js';

describe('convolution', () => {
  const at = setting(0.5);

  describe('specs', () => {
    test('a 3×3 kernel and a bias, in 2D', () => {
      const { specs } = convolution({ inChannels: 4, outChannels: 8 });
      expect(specs.kernel).toMatchObject({
        role: 'kernel',
        axes: ['kernelHeight', 'kernelWidth', 'inChannels', 'outChannels'],
        shape: [3, 3, 4, 8],
        fanIn: 36,
      });
      expect(specs.bias).toMatchObject({ role: 'bias', axes: ['outChannels'], shape: [8], fanIn: 36 });
      expect(namedSpecs(specs).map(([path]) => path)).toEqual(['bias', 'kernel']);
      expect(countParams(specs)).toBe(3 * 3 * 4 * 8 + 8);
    });

    test('rank 3 puts depth first', () => {
      const { kernel } = convolution({ rank: 3, inChannels: 1, outChannels: 2 }).specs;
      expect(kernel.axes).toEqual([
        'kernelDepth',
        'kernelHeight',
        'kernelWidth',
        'inChannels',
        'outChannels',
      ]);
      expect(kernel.shape).toEqual([3, 3, 3, 1, 2]);
    });

    test('kernelSize is one edge for all axes, or one each', () => {
      const shapeOf = (kernelSize: number | number[]) =>
        convolution({ inChannels: 1, outChannels: 1, kernelSize }).specs.kernel.shape;
      expect(shapeOf(5)).toEqual([5, 5, 1, 1]);
      expect(shapeOf([1, 7])).toEqual([1, 7, 1, 1]);
    });

    test('kernels start with the variance that the activation asks for, biases at zero', () => {
      const std = (config: Partial<Parameters<typeof convolution>[0]>) => {
        const { init } = convolution({ inChannels: 8, outChannels: 32, ...config }).specs.kernel;
        return init.kind === 'normal' ? init.std : Number.NaN;
      };
      const fanIn = 9 * 8;
      expect(std({})).toBeCloseTo(Math.sqrt(1 / fanIn), 6);
      expect(std({ activation: 'leakyRelu' })).toBeCloseTo(Math.sqrt(2 / 1.0001 / fanIn), 6);
      expect(std({ activation: 'leakyRelu', slope: 0.5 })).toBeCloseTo(Math.sqrt(2 / 1.25 / fanIn), 6);
      expect(std({ kernelSize: 1 })).toBeCloseTo(Math.sqrt(1 / 8), 6);
      expect(convolution({ inChannels: 8, outChannels: 32 }).specs.bias.init).toEqual({
        kind: 'constant',
        value: 0,
      });
    });

    test('parameters are known by name to the compiler', () => {
      const { specs } = convolution({ inChannels: 1, outChannels: 1 });
      expectTypeOf<ParamsOf<typeof specs>>().toEqualTypeOf<{
        readonly kernel: Tensor;
        readonly bias: Tensor;
      }>();
    });
  });

  describe.each(backends)('apply on %s', (backend) => {
    beforeAll(() => useBackend(backend));

    test('keeps the size and the variance of activations', () => {
      const conv = convolution({ inChannels: 32, outChannels: 32, activation: 'leakyRelu' });
      const rng = Rng.fromSeed(3);
      const x = tensor(
        Float32Array.from({ length: 17 * 13 * 32 }, () => rng.normal()),
        [1, 17, 13, 32],
      );
      const y = conv.apply(initialize(conv.specs, rng), x, at);
      expect(y.shape).toEqual([1, 17, 13, 32]);
      // E[y²] = E[x²] inside; zero padding takes some at the border.
      const { mean, variance } = moments(y);
      const power = variance.dataSync()[0]! + mean.dataSync()[0]! ** 2;
      expect(power).toBeGreaterThan(0.8);
      expect(power).toBeLessThan(1.1);
    });

    test('activation and slope act on what is below zero', () => {
      const inputs = [distinct([1, 3, 5, 2]), distinct([3, 3, 2, 2], { seed: 2 }), distinct([2])] as const;
      const [x, kernel, bias] = inputs;
      const want = naiveConvolution(...inputs);
      expect(want.some((v) => v < 0) && want.some((v) => v > 0)).toBe(true);
      const apply = (config: { activation?: 'leakyRelu'; slope?: number }) =>
        convolution({ inChannels: 2, outChannels: 2, ...config })
          .apply({ kernel, bias }, x, at)
          .dataSync();
      const plain = apply({});
      const leaky = apply({ activation: 'leakyRelu' });
      const steep = apply({ activation: 'leakyRelu', slope: 0.5 });
      want.forEach((value, i) => {
        expect(plain[i]).toBeCloseTo(value, 4);
        expect(leaky[i]).toBeCloseTo(value > 0 ? value : 0.01 * value, 4);
        expect(steep[i]).toBeCloseTo(value > 0 ? value : 0.5 * value, 4);
      });
    });

    test('3D, batch of two, leaves nothing behind', async () => {
      const conv = convolution({ rank: 3, inChannels: 1, outChannels: 2, kernelSize: [1, 3, 3] });
      const params = initialize(conv.specs, Rng.fromSeed(1));
      const x = distinct([2, 2, 5, 3, 1]);
      await withoutLeak(() => {
        const y = conv.apply(params, x, at);
        expect(y.shape).toEqual([2, 2, 5, 3, 2]);
        y.dispose();
      });
      dispose([params.kernel, params.bias, x]);
    });
  });

  describe('options that make no convolution are refused', () => {
    const make = (config: object) => () =>
      convolution({ inChannels: 1, outChannels: 1, ...config } as Parameters<typeof convolution>[0]);

    test.each([
      [{ rank: 4 }, 'convolution: rank: got 4, expected 2 or 3 spatial dimensions.'],
      [{ inChannels: 0 }, 'convolution: inChannels: got 0, expected an integer of at least 1.'],
      [{ outChannels: 1.5 }, 'convolution: outChannels: got 1.5, expected an integer of at least 1.'],
      [{ kernelSize: 2 }, 'convolution: kernelSize: got 2, expected an odd positive integer, or 2 of them.'],
      [{ kernelSize: -3 }, 'convolution: kernelSize: got -3'],
      [
        { kernelSize: [3] },
        'convolution: kernelSize: got [3], expected an odd positive integer, or 2 of them.',
      ],
      [
        { rank: 3, kernelSize: [3, 3] },
        'convolution: kernelSize: got [3,3], expected an odd positive integer, or 3 of them.',
      ],
      [{ activation: 'leakyRelu', slope: 1.5 }, 'convolution: slope: got 1.5, expected a number in [0, 1].'],
      [
        { activation: 'leakyRelu', slope: Number.NaN },
        'convolution: slope: got NaN, expected a number in [0, 1].',
      ],
      [
        { slope: 0.1 },
        "convolution: slope: got 0.1, expected no slope where there is no activation: 'leakyRelu'.",
      ],
    ])('%j', (config, message) => {
      expect(make(config)).toThrow(ValueError);
      expect(make(config)).toThrow(message);
    });

    test.each([
      [
        { activation: 'leakyReLU' },
        "Option 'activation': got 'leakyReLU', expected one of 'none', 'leakyRelu'. Did you mean 'leakyRelu'?",
      ],
    ])('%j', (config, message) => {
      expect(make(config)).toThrow(OptionError);
      expect(make(config)).toThrow(message);
    });
  });
});

describe('golden', () => {
  type Case = Readonly<Record<'x' | 'w' | 'b' | 'y' | 'dy' | 'dx' | 'dw' | 'db', Values>>;

  const cases = goldenCases<Case>('conv.json');

  describe.skipIf(cases === undefined).each(backends)('golden convolutions on %s', (backend) => {
    beforeAll(async () => {
      await useBackend(backend);
      registerGradients();
    });

    test.each((cases ?? []).map((c) => [`[${c.x.shape}] * [${c.w.shape}]`, c] as const))('%s', (_, c) => {
      const inputs = [c.x, c.w, c.b].map(asTensor);
      const apply = ([x, w, b]: Tensor[]) => applyConvolution(x!, w!, b!);
      expectClose(apply(inputs), c.y);
      const gradients = grads((...args: Tensor[]) => sum(mul(apply(args), asTensor(c.dy))))(inputs);
      for (const [i, want] of [c.dx, c.dw, c.db].entries()) expectClose(gradients[i]!, want);
    });
  });
});

describe('modulated', () => {
  const at = setting(0.5);

  test('has the parameters of both, FiLM’s at zero', () => {
    const { specs } = modulatedConvolution({ inChannels: 2, outChannels: 5 });
    expect(namedSpecs(specs).map(([path, { role, shape }]) => [path, role, shape])).toEqual([
      ['beta', 'shift', [5]],
      ['bias', 'bias', [5]],
      ['gamma', 'scale', [5]],
      ['kernel', 'kernel', [3, 3, 2, 5]],
    ]);
    expect([specs.gamma.init, specs.beta.init]).toEqual([
      { kind: 'constant', value: 0 },
      { kind: 'constant', value: 0 },
    ]);
  });

  describe.each(backends)('on %s', (backend) => {
    beforeAll(async () => {
      await useBackend(backend);
      registerGradients();
    });

    test.each([2, 3] as const)(
      'rank %i: equals convolution, FiLM and LeakyReLU one after the other',
      (rank) => {
        const config = { rank, inChannels: 2, outChannels: 3 };
        const layer = modulatedConvolution({ ...config, activation: 'leakyRelu', slope: 0.2 });
        const { kernel, bias } = initialize(layer.specs, Rng.fromSeed(1));
        const [gamma, beta] = [tensor([0.5, -3, 0]), tensor([0, 1, -2])];
        const x = distinct(rank === 2 ? [2, 5, 3, 2] : [2, 2, 3, 3, 2]);
        const chain = sequential([convolution(config), film({ channels: 3 }), leakyRelu({ slope: 0.2 })]);
        const want = chain.apply([{ kernel, bias }, { gamma, beta }, {}], x, at).dataSync();
        const got = layer.apply({ kernel, bias, gamma, beta }, x, at).dataSync();
        want.forEach((value, i) => {
          expect(got[i]).toBeCloseTo(value, 4);
        });
      },
    );

    test('starts as the convolution alone, bitwise', () => {
      const config = { inChannels: 2, outChannels: 3, activation: 'leakyRelu' } as const;
      const layer = modulatedConvolution(config);
      const params = initialize(layer.specs, Rng.fromSeed(1));
      const x = distinct([1, 4, 5, 2]);
      const plain = convolution(config);
      expect(plain.specs.kernel).toEqual(layer.specs.kernel);
      expect(layer.apply(params, x, at).dataSync()).toEqual(plain.apply(params, x, at).dataSync());
    });

    test('gradients to all four parameters and the input', () => {
      const layer = modulatedConvolution({
        inChannels: 2,
        outChannels: 2,
        activation: 'leakyRelu',
        slope: 0.3,
      });
      const inputs = [
        distinct([2, 3, 3, 2], { gap: 0.02 }),
        distinct([3, 3, 2, 2], { gap: 0.02 }),
        // Away from the kink: one channel above, one below.
        tensor([20, -20]),
        tensor([0.3, -0.2]),
        tensor([1, -1]),
      ];
      const f = (...[x, kernel, bias, gamma, beta]: Tensor[]) =>
        weighted(layer.apply({ kernel: kernel!, bias: bias!, gamma: gamma!, beta: beta! }, x!, at));
      expect(gradientError(f, inputs, 0.02)).toBeLessThan(5e-3);
    });

    test('leaves nothing behind', async () => {
      const layer = modulatedConvolution({ inChannels: 2, outChannels: 3 });
      const params = initialize(layer.specs, Rng.fromSeed(1));
      const x = distinct([1, 4, 5, 2]);
      await withoutLeak(() => layer.apply(params, x, at).dispose());
      dispose([...Object.values(params), x]);
    });
  });

  test('refuses what a convolution refuses', () => {
    expect(() => modulatedConvolution({ inChannels: 1, outChannels: 0 })).toThrow(
      'convolution: outChannels: got 0',
    );
  });
});
