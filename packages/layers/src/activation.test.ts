import { initialize, OptionError, Rng, setting } from '@sshn/core';
import { applyLeakyRelu, leakyReluGradient, registerGradients } from '@sshn/ops';
import { backends, distinct, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { dispose, grads, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ActivationKind, activation, activationKinds, leakyRelu, prelu } from './activation.js';

describe('activation', () => {
  const at = setting(0.5);
  const apply = (kind: ActivationKind, x: Tensor) => activation({ kind }).apply({}, x, at);

  /** Φ by integrating its density with Simpson's rule: another way than the error function. */
  function normalDistribution(x: number): number {
    const density = (t: number) => Math.exp(-t * t * 0.5) / Math.sqrt(2 * Math.PI);
    const [steps, h] = [2000, x / 2000];
    let sum = density(0) + density(x);
    for (let i = 1; i < steps; i++) sum += density(i * h) * (i % 2 === 1 ? 4 : 2);
    return 0.5 + (sum * h) / 3;
  }

  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const references: Readonly<Record<ActivationKind, (x: number) => number>> = {
    relu: (x) => Math.max(x, 0),
    leakyRelu: (x) => (x > 0 ? x : 0.01 * x),
    elu: (x) => (x > 0 ? x : Math.expm1(x)),
    gelu: (x) => x * normalDistribution(x),
    silu: (x) => x * sigmoid(x),
    mish: (x) => x * Math.tanh(Math.log1p(Math.exp(x))),
    softplus: (x) => Math.log1p(Math.exp(x)),
    sigmoid,
    identity: (x) => x,
  };
  const cases = activationKinds.map((kind) => [kind, references[kind]] as const);

  test('names', () => {
    expect([...activationKinds].sort()).toEqual(Object.keys(references).sort());
  });

  describe.each(backends)('on %s', (backend) => {
    beforeAll(async () => {
      await useBackend(backend);
      registerGradients();
    });

    test('published values at 1', () => {
      expect(apply('gelu', tensor([1])).dataSync()[0]).toBeCloseTo(0.8413447, 5);
      expect(apply('silu', tensor([1])).dataSync()[0]).toBeCloseTo(0.7310586, 5);
      expect(apply('mish', tensor([1])).dataSync()[0]).toBeCloseTo(0.8650984, 5);
      expect(apply('softplus', tensor([0])).dataSync()[0]).toBeCloseTo(Math.LN2, 6);
    });

    test.each(cases)('%s is its formula in double precision', (kind, reference) => {
      const x = distinct([2, 5, 3, 4], { gap: 0.1 });
      const y = apply(kind, x);
      expect(y.shape).toEqual(x.shape);
      const xs = x.dataSync();
      y.dataSync().forEach((value, i) => {
        expect(Math.abs(value - reference(xs[i]!))).toBeLessThan(4e-6);
      });
    });

    test.each(cases)('%s stays itself far out', (kind, reference) => {
      const y = apply(kind, tensor([-90, -20, 20, 80])).dataSync();
      [-20, 20, 80].forEach((x, i) => {
        expect(Math.abs(y[i + 1]! - reference(x))).toBeLessThan(1e-5);
      });
      expect(Number.isFinite(y[0])).toBe(true);
      const [dx] = grads((x: Tensor) => weighted(apply(kind, x)))([tensor([-90, -20, 20, 80])]);
      expect([...dx!.dataSync()].every(Number.isFinite)).toBe(true);
    });

    test.each([
      ...activationKinds.map((kind) => [kind, [3, 1, 7, 2]] as const),
      ...activationKinds.map((kind) => [kind, [1, 2, 3, 1, 3]] as const),
    ])('gradient of %s at %j', (kind, shape) => {
      const f = (...[x]: Tensor[]) => weighted(apply(kind, x!));
      expect(gradientError(f, [distinct([...shape], { gap: 0.1 })], 0.02)).toBeLessThan(2e-3);
    });

    test('the slope is heard', () => {
      const y = activation({ kind: 'leakyRelu', slope: 0.25 }).apply({}, tensor([-4, 4]), at);
      expect([...y.dataSync()]).toEqual([-1, 4]);
    });

    test('relu is 0 for −∞ and has no gradient at 0', () => {
      expect(Math.abs(apply('relu', tensor([Number.NEGATIVE_INFINITY])).dataSync()[0]!)).toBe(0);
      const [dx] = grads((x: Tensor) => weighted(apply('relu', x)))([tensor([0])]);
      expect(Math.abs(dx!.dataSync()[0]!)).toBe(0);
    });

    test.each(activationKinds)('%s leaves nothing behind, forward and backward', async (kind) => {
      const x = distinct([2, 3]);
      await withoutLeak(() => apply(kind, x).dispose());
      await withoutLeak(() => dispose(grads((input: Tensor) => weighted(apply(kind, input)))([x])));
      expect(x.isDisposed).toBe(false);
      x.dispose();
    });
  });

  test('refuses unknown kinds, and slopes without use', () => {
    expect(() => activation({ kind: 'swish' as never })).toThrow(OptionError);
    expect(() => activation({ kind: 'leakyrelu' as never })).toThrow("Did you mean 'leakyRelu'?");
    expect(() => activation({ kind: 'elu', slope: 0.1 })).toThrow(
      "activation: slope of 'elu': got 0.1, expected no slope: only 'leakyRelu' has one.",
    );
    expect(() => activation({ kind: 'leakyRelu', slope: 2 })).toThrow('leakyRelu: slope: got 2');
  });
});

describe('leaky relu', () => {
  describe.each(backends)('on %s', (backend) => {
    beforeAll(async () => {
      await useBackend(backend);
      registerGradients();
    });

    test('x where positive, slope · x elsewhere', () => {
      const x = tensor([-2, 0, 3]);
      expect([...applyLeakyRelu(x, 0.25).dataSync()]).toEqual([-0.5, 0, 3]);
      expect([...applyLeakyRelu(x, 0).dataSync()].map(Math.abs)).toEqual([0, 0, 3]);
      expect([...applyLeakyRelu(x, 1).dataSync()]).toEqual([-2, 0, 3]);
      expect(applyLeakyRelu(x).dataSync()[0]).toBeCloseTo(-0.02, 7);
    });

    test.each([[[1]], [[7]], [[2, 3]], [[2, 3, 5, 2]]])('keeps the shape %j; gradient', (shape) => {
      const x = distinct(shape);
      expect(applyLeakyRelu(x).shape).toEqual(shape);
      const f = (...[input]: Tensor[]) => weighted(applyLeakyRelu(input!, 0.2));
      // `distinct` keeps entries off the kink by more than the step.
      expect(gradientError(f, [x], 0.01)).toBeLessThan(1e-3);
    });

    test('the gradient at 0 is the slope, whatever the slope', () => {
      for (const slope of [0, 0.3, 1]) {
        const [gradient] = grads((x: Tensor) => weighted(applyLeakyRelu(x, slope)))([tensor([0])]);
        const [one] = grads((x: Tensor) => weighted(applyLeakyRelu(x, slope)))([tensor([1])]);
        expect(gradient!.dataSync()[0]).toBeCloseTo(slope * one!.dataSync()[0]!, 6);
      }
    });

    test('its backward half needs the output only', () => {
      const dx = leakyReluGradient(tensor([10, 10, 10]), tensor([-0.1, 0, 5]), 0.5);
      expect([...dx.dataSync()]).toEqual([5, 5, 10]);
    });

    test('as a layer', () => {
      const y = leakyRelu({ slope: 0.5 }).apply({}, tensor([-2, 2]), setting(1));
      expect([...y.dataSync()]).toEqual([-1, 2]);
      expect(
        leakyRelu()
          .apply({}, tensor([-1]), setting(1))
          .dataSync()[0],
      ).toBeCloseTo(-0.01, 7);
    });

    test('leaves nothing behind, forward and backward', async () => {
      const x = distinct([2, 3]);
      await withoutLeak(() => applyLeakyRelu(x).dispose());
      await withoutLeak(() => dispose(grads((input: Tensor) => weighted(applyLeakyRelu(input)))([x])));
      x.dispose();
    });
  });

  test.each([-0.1, 1.1, Number.NaN])('refuses slope %f', (slope) => {
    const message = `leakyRelu: slope: got ${slope}, expected a number in [0, 1].`;
    expect(() => leakyRelu({ slope })).toThrow(message);
    expect(() => applyLeakyRelu(tensor([1]), slope)).toThrow(message);
  });
});

describe('prelu', () => {
  const at = setting(0.5);

  describe.each(backends)('on %s', (backend) => {
    beforeAll(async () => {
      await useBackend(backend);
      registerGradients();
    });

    test('a slope for each channel', () => {
      const layer = prelu({ channels: 2 });
      const x = tensor([-4, -4, 0, 0, 3, 5], [1, 3, 1, 2]);
      const y = layer.apply({ slope: tensor([0.5, -1]) }, x, at);
      expect([...y.dataSync()].map((value) => value + 0)).toEqual([-2, 4, 0, 0, 3, 5]);
      const start = layer.apply(initialize(layer.specs, Rng.fromSeed(1)), x, at);
      expect([...start.dataSync()].slice(0, 2)).toEqual([-1, -1]);
    });

    test.each([[[3, 5, 1, 2]], [[2, 3, 2, 1, 3]], [[7, 1]]])('gradients at %j', (shape) => {
      const layer = prelu({ channels: shape.at(-1)! });
      const f = (...[x, slope]: Tensor[]) => weighted(layer.apply({ slope: slope! }, x!, at));
      const slope = distinct([shape.at(-1)!], { gap: 0.3 });
      expect(gradientError(f, [distinct(shape), slope], 0.01)).toBeLessThan(2e-3);
    });

    test('leaves nothing behind, forward and backward', async () => {
      const [x, slope] = [distinct([2, 3, 1, 2]), zeros([2])];
      const f = (a: Tensor, b: Tensor) => prelu({ channels: 2 }).apply({ slope: b }, a, at);
      await withoutLeak(() => f(x, slope).dispose());
      const gradients = grads((a: Tensor, b: Tensor) => weighted(f(a, b)));
      await withoutLeak(() => dispose(gradients([x, slope])));
      dispose([x, slope]);
    });
  });

  test('refuses what does not fit', () => {
    expect(() => prelu({ channels: 0.5 })).toThrow('prelu: channels: got 0.5');
    expect(() => prelu({ channels: 2 }).apply({ slope: zeros([2]) }, zeros([1, 4, 4, 3]), at)).toThrow(
      'prelu: got shape [1, 4, 4, 3], expected [..., 2].',
    );
  });
});
