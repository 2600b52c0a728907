import { setting } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, distinct, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { dispose, type Tensor, type Tensor2D, tensor, tensor2d, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { dense } from './dense.js';

const at = setting(0.5);

test('kernel and bias, by Kaiming’s rule for what follows', () => {
  const { kernel, bias } = dense({ inFeatures: 8, outFeatures: 3 }).specs;
  expect(kernel).toMatchObject({
    role: 'kernel',
    axes: ['inFeatures', 'outFeatures'],
    shape: [8, 3],
    fanIn: 8,
  });
  expect(bias).toMatchObject({ role: 'bias', shape: [3], fanIn: 8, init: { kind: 'constant', value: 0 } });
  const std = (config: object) => {
    const { init } = dense({ inFeatures: 8, outFeatures: 3, ...config }).specs.kernel;
    return init.kind === 'normal' ? init.std : Number.NaN;
  };
  expect(std({})).toBeCloseTo(Math.sqrt(1 / 8), 6);
  expect(std({ activation: 'leakyRelu', slope: 0 })).toBeCloseTo(Math.sqrt(2 / 8), 6);
});

describe.each(backends)('on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('y = a(x·W + b)', () => {
    const params = { kernel: tensor([1, 2, 3, 4], [2, 2]), bias: tensor([-20, 100]) };
    const x = tensor2d([
      [1, 2],
      [3, 4],
    ]);
    const apply = (config: object) => [
      ...dense({ inFeatures: 2, outFeatures: 2, ...config })
        .apply(params, x, at)
        .dataSync(),
    ];
    expect(apply({})).toEqual([-13, 110, -5, 122]);
    expect(apply({ activation: 'leakyRelu', slope: 0.5 })).toEqual([-6.5, 110, -2.5, 122]);
    expect(apply({ activation: 'leakyRelu' })[0]).toBeCloseTo(-0.13, 6);
  });

  test.each(['none', 'leakyRelu'] as const)('gradients, activation %s', (activation) => {
    const layer = dense({ inFeatures: 3, outFeatures: 2, activation });
    const f = (...[x, kernel, bias]: Tensor[]) =>
      weighted(layer.apply({ kernel: kernel!, bias: bias! }, x as Tensor2D, at));
    // One output above the kink, one below.
    const inputs = [distinct([4, 3]), distinct([3, 2]), tensor([10, -10])];
    expect(gradientError(f, inputs, 0.1)).toBeLessThan(1e-3);
  });

  test('leaves nothing behind', async () => {
    const layer = dense({ inFeatures: 1, outFeatures: 1, activation: 'leakyRelu' });
    const [kernel, bias, x] = [zeros([1, 1]), zeros([1]), tensor2d([[1]])];
    await withoutLeak(() => layer.apply({ kernel, bias }, x, at).dispose());
    dispose([kernel, bias, x]);
  });

  test('refuses another number of features', () => {
    const layer = dense({ inFeatures: 2, outFeatures: 1 });
    const params = { kernel: zeros([2, 1]), bias: zeros([1]) };
    expect(() => layer.apply(params, tensor2d([[1, 2, 3]]), at)).toThrow(
      'dense: got shape [1, 3], expected [batch, 2].',
    );
  });
});

test('refuses options that make no layer', () => {
  expect(() => dense({ inFeatures: 0, outFeatures: 1 })).toThrow('dense: inFeatures: got 0');
  expect(() => dense({ inFeatures: 1, outFeatures: 1, slope: 0.1 })).toThrow(
    'dense: slope: got 0.1, expected no',
  );
  expect(() => dense({ inFeatures: 1, outFeatures: 1, activation: 'relu' as never })).toThrow(
    "Option 'activation': got 'relu', expected one of 'none', 'leakyRelu'.",
  );
});
