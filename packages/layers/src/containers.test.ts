import {
  currentScope,
  initialize,
  type Module,
  namedParams,
  namedSpecs,
  type ParamsOf,
  Rng,
  setting,
} from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, distinct, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { dispose, grads, mul, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { leakyRelu } from './activation.js';
import { concatenate, residual, sequential } from './containers.js';
import { convolution } from './convolution.js';
import { film } from './film.js';
import { downsample } from './resize.js';

describe('sequential', () => {
  const at = setting(0.5);
  const conv = (inChannels: number, outChannels: number) =>
    convolution({ inChannels, outChannels, kernelSize: 1 });

  test('frees its input once it is read where that is asked for', async () => {
    await useBackend(backends[0]!);
    const layers = sequential([conv(1, 2), conv(2, 1)], { freesInput: true });
    const params = initialize(layers.specs, Rng.fromSeed(1));
    const input = zeros([1, 2, 2, 1]);
    layers.apply(params, input, at).dispose();
    expect(input.isDisposed).toBe(true);
    const kept = zeros([1, 2, 2, 1]);
    sequential([conv(1, 2), conv(2, 1)])
      .apply(params, kept, at)
      .dispose();
    expect(kept.isDisposed).toBe(false);
  });

  describe('names', () => {
    test('are those of the record, dotted', () => {
      const { specs } = sequential({ first: conv(1, 2), act: leakyRelu(), second: conv(2, 1) });
      expect(namedSpecs(specs).map(([path]) => path)).toEqual([
        'first.bias',
        'first.kernel',
        'second.bias',
        'second.kernel',
      ]);
    });

    test('of a list are numbers, and nest', () => {
      const { specs } = sequential([leakyRelu(), sequential({ inner: film({ channels: 2 }) })]);
      expect(namedSpecs(specs).map(([path]) => path)).toEqual(['1.inner.beta', '1.inner.gamma']);
    });

    test('are known to the compiler', () => {
      const stage = sequential({ first: conv(1, 2), act: leakyRelu() });
      expectTypeOf<ParamsOf<typeof stage.specs>['first']['kernel']>().toEqualTypeOf<Tensor>();
      const list = sequential([conv(1, 2), film({ channels: 2 })]);
      expectTypeOf<ParamsOf<typeof list.specs>[1]['gamma']>().toEqualTypeOf<Tensor>();
      // @ts-expect-error there is no third layer
      expectTypeOf<ParamsOf<typeof list.specs>[2]>().not.toBeAny();
      expectTypeOf(list).toExtend<Module>();
    });

    test('are the scope of what runs inside', async () => {
      await useBackend('cpu');
      const seen: string[] = [];
      const spy: Module = {
        specs: {},
        apply(_, x) {
          seen.push(currentScope());
          return x;
        },
      };
      sequential({ outer: sequential([spy, spy]), last: spy }).apply(
        { outer: [{}, {}], last: {} },
        tensor([1]),
        at,
      );
      expect(seen).toEqual(['outer.0', 'outer.1', 'last']);
      expect(currentScope()).toBe('');
    });
  });

  describe.each(backends)('on %s', (backend) => {
    beforeAll(() => useBackend(backend));

    test('applies one after the other, in the order given', () => {
      const times = (factor: number): Module => ({ specs: {}, apply: (_, x) => mul(x, factor) });
      const shift = film({ channels: 1 });
      const y = sequential([times(3), shift, times(2)]).apply(
        [{}, { gamma: tensor([0]), beta: tensor([5]) }, {}],
        tensor([1, 2], [2, 1]),
        at,
      );
      expect([...y.dataSync()]).toEqual([16, 22]);
    });

    test('hands the setting on', () => {
      const y = sequential([downsample({ step: 0 }), downsample({ step: 1 })]).apply(
        [{}, {}],
        distinct([1, 8, 4, 1]),
        setting([0.5, 0.25]),
      );
      expect(y.shape).toEqual([1, 1, 1, 1]);
    });

    test('nothing in a row is the identity, in a tensor of its own', () => {
      const x = distinct([1, 2, 3, 1]);
      const y = sequential([]).apply([], x, at);
      expect(y.dataSync()).toEqual(x.dataSync());
      y.dispose();
      expect(x.isDisposed).toBe(false);
    });

    test('leaves nothing behind but its output', async () => {
      const stage = sequential({ first: conv(2, 3), second: conv(3, 1) });
      const params = initialize(stage.specs, Rng.fromSeed(1));
      const x = distinct([1, 4, 5, 2]);
      await withoutLeak(() => stage.apply(params, x, at).dispose());
      dispose([x, ...namedParams(params).values()]);
    });
  });
});

describe('residual', () => {
  const at = setting(0.5);
  const pixelwise = (inChannels: number, outChannels: number) =>
    convolution({ inChannels, outChannels, kernelSize: 1 });

  test('names', () => {
    const names = (layer: ReturnType<typeof residual>) => namedSpecs(layer.specs).map(([path]) => path);
    expect(names(residual({ body: film({ channels: 1 }) }))).toEqual(['body.beta', 'body.gamma']);
    const projected = residual({ body: pixelwise(1, 2), projection: pixelwise(1, 2) });
    expect(names(projected)).toEqual(['body.bias', 'body.kernel', 'projection.bias', 'projection.kernel']);
    expectTypeOf<ParamsOf<typeof projected.specs>['projection']['bias']>().toEqualTypeOf<Tensor>();
  });

  describe.each(backends)('on %s', (backend) => {
    beforeAll(async () => {
      await useBackend(backend);
      registerGradients();
    });

    test('adds the body to the input', () => {
      const params = { body: { gamma: tensor([9]), beta: tensor([100]) } };
      const y = residual({ body: film({ channels: 1 }) }).apply(params, tensor([1, 2], [1, 1, 2, 1]), at);
      expect([...y.dataSync()]).toEqual([111, 122]);
    });

    test('adds the body to the projection where there is one', () => {
      const layer = residual({ body: pixelwise(1, 2), projection: pixelwise(1, 2) });
      const params = {
        body: { kernel: tensor([1, 2], [1, 1, 1, 2]), bias: zeros([2]) },
        projection: { kernel: tensor([10, 20], [1, 1, 1, 2]), bias: tensor([0, 100]) },
      };
      expect([...layer.apply(params, tensor([3], [1, 1, 1, 1]), at).dataSync()]).toEqual([33, 166]);
    });

    test('gradients through both sides', () => {
      const layer = residual({ body: film({ channels: 2 }) });
      const f = (...[x, gamma, beta]: Tensor[]) =>
        weighted(layer.apply({ body: { gamma: gamma!, beta: beta! } }, x!, at));
      const inputs = [distinct([1, 2, 3, 2]), tensor([1, -3]), tensor([0, 2])];
      expect(gradientError(f, inputs, 0.1)).toBeLessThan(1e-3);
    });

    test.each([0.2, 0])('with an activation behind the sum, of slope %s', (slope) => {
      const layer = residual({ body: film({ channels: 2 }) }, { activation: 'leakyRelu', slope });
      const f = (...[x, gamma, beta]: Tensor[]) =>
        layer.apply({ body: { gamma: gamma!, beta: beta! } }, x!, at);
      const inputs = [tensor([1, -1, 2, -2], [1, 1, 2, 2]), tensor([1, -3]), tensor([0, 2])];
      // x + (1 + γ)·x + β = [3, 3, 6, 4], and with the signs of x.
      const sums = [3, 3, 6, 4];
      expect([...f(...inputs).dataSync()]).toEqual(sums);
      const below = f(tensor([-1, 1, -2, 2], [1, 1, 2, 2]), inputs[1]!, inputs[2]!);
      [-3, 1, -6, 0].forEach((sum, i) => {
        expect(below.dataSync()[i]).toBeCloseTo(sum < 0 ? slope * sum : sum, 6);
      });
      // The input is read twice more, so that its gradients are summed.
      const sum = (...all: Tensor[]) => weighted(mul(f(...all), all[0]!));
      expect(gradientError(sum, inputs, 0.1)).toBeLessThan(1e-3);
    });

    test('leaves nothing behind on the way back', async () => {
      const layer = residual({ body: pixelwise(2, 2) }, { activation: 'leakyRelu' });
      const { body } = initialize(layer.specs, Rng.fromSeed(1));
      const f = (...[x, kernel, bias]: Tensor[]) =>
        weighted(layer.apply({ body: { kernel: kernel!, bias: bias! } }, x!, at));
      const inputs = [distinct([2, 3, 1, 2]), body.kernel, body.bias];
      await withoutLeak(() => dispose(grads(f)(inputs)));
      dispose(inputs);
    });

    test('leaves nothing behind', async () => {
      const layer = residual({ body: pixelwise(2, 2) });
      const params = initialize(layer.specs, Rng.fromSeed(1));
      const x = distinct([2, 3, 1, 2]);
      await withoutLeak(() => layer.apply(params, x, at).dispose());
      dispose([x, params.body.kernel, params.body.bias]);
    });

    test('refuses sides of different shapes', () => {
      const layer = residual({ body: pixelwise(1, 2) });
      const params = initialize(layer.specs, Rng.fromSeed(1));
      expect(() => layer.apply(params, zeros([1, 3, 3, 1]), at)).toThrow(
        'residual: output of the body: got shape [1, 3, 3, 2], expected [1, 3, 3, 1], the shape of the input. ' +
          'Give a projection, such as a 1×1 convolution, when the body changes the number of channels.',
      );
    });
  });
});

describe('concatenate', () => {
  const at = setting(0.5);

  test('names', () => {
    const { specs } = concatenate({ fine: film({ channels: 1 }), wide: film({ channels: 1 }) });
    expect(namedSpecs(specs).map(([path]) => path)).toEqual([
      'fine.beta',
      'fine.gamma',
      'wide.beta',
      'wide.gamma',
    ]);
  });

  describe.each(backends)('on %s', (backend) => {
    beforeAll(async () => {
      await useBackend(backend);
      registerGradients();
    });

    test('joins channels in the order given, 2D and 3D', () => {
      const branches = concatenate([film({ channels: 1 }), film({ channels: 1 })]);
      const params = [
        { gamma: tensor([0]), beta: tensor([0]) },
        { gamma: tensor([9]), beta: tensor([0]) },
      ] as const;
      for (const shape of [
        [1, 1, 2, 1],
        [1, 1, 1, 2, 1],
      ]) {
        const y = branches.apply(params, tensor([1, 2], shape), at);
        expect(y.shape).toEqual([...shape.slice(0, -1), 2]);
        expect([...y.dataSync()]).toEqual([1, 10, 2, 20]);
      }
    });

    test('gradients reach every branch', () => {
      const branches = concatenate([film({ channels: 1 }), film({ channels: 1 })]);
      const f = (...[x, a, b]: Tensor[]) => {
        const beta = zeros([1]);
        return weighted(
          branches.apply(
            [
              { gamma: a!, beta },
              { gamma: b!, beta },
            ],
            x!,
            at,
          ),
        );
      };
      expect(gradientError(f, [distinct([1, 2, 3, 1]), tensor([1]), tensor([-2])], 0.1)).toBeLessThan(1e-3);
    });

    test('leaves nothing behind', async () => {
      const one = convolution({ inChannels: 2, outChannels: 1, kernelSize: 1 });
      const branches = concatenate({ one, two: convolution({ inChannels: 2, outChannels: 3 }) });
      const params = initialize(branches.specs, Rng.fromSeed(1));
      const x = distinct([1, 3, 4, 2]);
      await withoutLeak(() => {
        const y = branches.apply(params, x, at);
        expect(y.shape).toEqual([1, 3, 4, 4]);
        y.dispose();
      });
      dispose([x, ...Object.values(params).flatMap((layer) => Object.values(layer))]);
    });

    test('refuses outputs of different sizes, naming the layer', () => {
      const branches = concatenate({ full: film({ channels: 1 }), half: downsample({ step: 0 }) });
      const params = { full: { gamma: zeros([1]), beta: zeros([1]) }, half: {} };
      expect(() => branches.apply(params, zeros([1, 4, 4, 1]), at)).toThrow(
        "concatenate: output of layer 'half': got shape [1, 2, 2, 1], expected [1, 4, 4, channels], as of layer 'full'.",
      );
    });
  });

  test('refuses to join nothing', () => {
    expect(() => concatenate([])).toThrow('concatenate: got [], expected at least one layer.');
  });
});
