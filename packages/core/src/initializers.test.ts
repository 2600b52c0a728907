import { backends, useBackend, withoutLeak } from '@sshn-internal/testing';
import { dispose } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { initialize, kaimingNormal, ones, zeros } from './initializers.js';
import { type Initializer, namedParams, type ParamSpec } from './params.js';
import { Rng } from './rng.js';

const leaf = (shape: number[], init: Initializer): ParamSpec => ({
  kind: 'param',
  role: 'kernel',
  axes: shape.map((_, i) => `axis${i}`),
  shape,
  fanIn: 1,
  init,
});

const moments = (values: ArrayLike<number>) => {
  const list = Array.from(values);
  const mean = list.reduce((sum, x) => sum + x, 0) / list.length;
  return { mean, std: Math.sqrt(list.reduce((sum, x) => sum + (x - mean) ** 2, 0) / list.length) };
};

describe('kaimingNormal', () => {
  test('follows the formula', () => {
    expect(kaimingNormal(50, 0)).toEqual({ kind: 'normal', std: 0.2 });
    expect(kaimingNormal(25, 1).std).toBeCloseTo(0.2, 12);
    expect(kaimingNormal(8).std).toBeCloseTo(Math.sqrt(2 / (1.0001 * 8)), 12);
  });

  test('keeps the size of activations over many layers', () => {
    // Ten layers of 200 leaky units in plain numbers.
    const rng = Rng.fromSeed(1);
    const { std } = kaimingNormal(200, 0.1);
    let units = Array.from({ length: 200 }, () => rng.normal());
    for (let layer = 0; layer < 10; layer++) {
      units = units.map(() => {
        const sum = units.reduce((total, unit) => total + std * rng.normal() * unit, 0);
        return sum > 0 ? sum : 0.1 * sum;
      });
    }
    const meanSquare = units.reduce((sum, unit) => sum + unit ** 2, 0) / units.length;
    // The mean square before the activation stays near 1; after it, about half is left.
    expect(meanSquare).toBeGreaterThan(0.15);
    expect(meanSquare).toBeLessThan(1.5);
  });
});

describe.each(backends)('initialize on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  const specs = {
    kernel: leaf([3, 3, 16, 32], kaimingNormal(144)),
    bias: leaf([32], zeros),
    scale: leaf([32], ones),
    blocks: [{ kernel: leaf([2, 2], kaimingNormal(1)) }, { kernel: leaf([2, 2], kaimingNormal(1)) }],
  };

  test('draws with the variance that is asked for', () => {
    const params = initialize(specs, Rng.fromSeed(1));
    const { mean, std } = moments(params.kernel.dataSync());
    const wanted = kaimingNormal(144).std;
    // 4608 samples: five standard errors.
    expect(Math.abs(mean)).toBeLessThan((5 * wanted) / Math.sqrt(4608));
    expect(Math.abs(std / wanted - 1)).toBeLessThan(5 / Math.sqrt(2 * 4608));
    expect(new Set(params.bias.dataSync())).toEqual(new Set([0]));
    expect(new Set(params.scale.dataSync())).toEqual(new Set([1]));
    dispose(params as never);
  });

  test('gives each path numbers of its own, whatever else is in the tree', () => {
    const whole = initialize(specs, Rng.fromSeed(1));
    const part = initialize({ blocks: specs.blocks }, Rng.fromSeed(1));
    const [first, second] = [whole.blocks[0]!.kernel.dataSync(), whole.blocks[1]!.kernel.dataSync()];
    expect(part.blocks[0]!.kernel.dataSync()).toEqual(first);
    expect(part.blocks[1]!.kernel.dataSync()).toEqual(second);
    expect(first).not.toEqual(second);
  });

  test('depends on the seed alone', () => {
    const [a, b, c] = [1, 1, 2].map((seed) => initialize(specs, Rng.fromSeed(seed)).kernel.dataSync());
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });

  test('makes the tensors of the specs, and no others', async () => {
    await withoutLeak(() => {
      const params = initialize(specs, Rng.fromSeed(1));
      expect(params.kernel.shape).toEqual([3, 3, 16, 32]);
      for (const tensor of namedParams(params).values()) {
        expect(tensor.dtype).toBe('float32');
        tensor.dispose();
      }
    });
  });
});

test('the numbers do not depend on the backend', async () => {
  const specs = { kernel: leaf([4, 4], kaimingNormal(4)) };
  const values: unknown[] = [];
  for (const backend of backends) {
    await useBackend(backend);
    values.push(initialize(specs, Rng.fromSeed(5)).kernel.dataSync());
  }
  expect(values[0]).toEqual(values[1]);
});
