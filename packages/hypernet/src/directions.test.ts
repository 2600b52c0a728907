import { initialize, namedSpecs, type ParamsOf, Rng, setting } from '@sshn/core';
import { dense } from '@sshn/layers';
import { useBackend, withoutLeak } from '@sshn-internal/testing';
import { add, randomNormal, type Tensor, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { curveDirections } from './directions.js';
import { type Encoding, encodeSetting } from './encoding.js';
import type { Form } from './head-plan.js';
import { type HypernetworkSpecs, hypernetwork } from './hypernetwork.js';

const target = dense({ inFeatures: 3, outFeatures: 2 }).specs;

/** Hidden layers with biases, as after training. */
function hiddenOf(hidden: number[], inputs: number, seed: number): ParamsOf<HypernetworkSpecs> {
  const { specs } = hypernetwork(new Map(namedSpecs(target)), { hidden, factors: inputs });
  const params = initialize(specs, Rng.fromSeed(seed));
  return {
    ...params,
    hidden: params.hidden.map(({ kernel, bias }, i) => ({
      kernel,
      // The more of the last layer's units are above 0 everywhere, the fewer directions there are.
      bias: tidy(() =>
        add(bias, randomNormal(bias.shape, i > 0 ? 1 : 0, 0.3, 'float32', seed + i)),
      ) as Tensor,
    })),
  };
}

/** What heads read, by tfjs's own dense layers: the last hidden layer at norm 1, in the centred form less that in the middle. */
function featuresAt(
  params: ParamsOf<HypernetworkSpecs>,
  inputs: number[],
  encoding: Encoding,
  form: Form,
): number[] {
  const here = layerAt(params, inputs, encoding);
  if (form !== 'centred') return here;
  const middle = layerAt(
    params,
    inputs.map(() => 0.25),
    encoding,
  );
  return here.map((value, i) => value - middle[i]!);
}

function layerAt(params: ParamsOf<HypernetworkSpecs>, inputs: number[], encoding: Encoding): number[] {
  const at = setting(inputs);
  const values = tidy(() => {
    let h = tensor2d([encodeSetting(at, { factors: inputs.length, conditions: 0 }, encoding)]);
    for (const layer of params.hidden) {
      const [inFeatures, outFeatures] = layer.kernel.shape as [number, number];
      h = dense({ inFeatures, outFeatures, activation: 'leakyRelu' }).apply(layer, h, at);
    }
    return [...h.dataSync()];
  });
  const norm = Math.hypot(...values);
  return values.map((value) => value / norm);
}

describe('curveDirections', () => {
  beforeAll(() => useBackend('cpu'));

  test.each([
    [[10, 100], 1, 'linear', 'residual'],
    [[10, 100], 1, 'circular', 'direct'],
    [[10, 100], 1, 'linear', 'centred'],
    [[4, 33], 2, 'linear', 'residual'],
    [[3, 64], 3, 'linear', 'centred'],
    [[40], 1, 'linear', 'centred'],
    [[10, 16], 1, 'linear', 'centred'],
    [[6, 64], 5, 'linear', 'residual'],
  ] as const)(
    'of %s units and %i inputs, %s, %s: orthonormal, and features stay in them',
    async (hidden, inputs, encoding, form) => {
      const params = hiddenOf([...hidden], inputs, 5);
      const found = (await withoutLeak(() =>
        curveDirections(params, { encoding, form, factors: inputs, conditions: 0 }),
      ))!;
      const { count, width, values } = found;
      expect(width).toBe(hidden.at(-1));
      expect(count).toBeLessThanOrEqual(0.75 * width);
      const rows = Array.from({ length: count }, (_, i) => [...values.subarray(i * width, (i + 1) * width)]);
      const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
      for (const [i, a] of rows.entries()) {
        for (const [j, b] of rows.entries()) expect(dot(a, b)).toBeCloseTo(i === j ? 1 : 0, 5);
      }
      const rng = Rng.fromSeed(77);
      for (let n = 0; n < 300; n++) {
        const h = featuresAt(
          params,
          Array.from({ length: inputs }, () => rng.uniform(0, 1)),
          encoding,
          form,
        );
        const along = rows.map((row) => dot(row, h));
        const rest = h.map((value, i) => value - rows.reduce((sum, row, k) => sum + along[k]! * row[i]!, 0));
        expect(Math.hypot(...rest)).toBeLessThan(1e-5);
      }
    },
  );

  test('none where they would save little, the layers are too large to follow, or there is no layer', async () => {
    const config = { encoding: 'linear', form: 'centred', factors: 1, conditions: 0 } as const;
    expect(await curveDirections(hiddenOf([8, 3], 1, 1), config)).toBeUndefined();
    expect(await curveDirections(hiddenOf([600, 600], 1, 1), config)).toBeUndefined();
    expect(await curveDirections({ hidden: [] }, config)).toBeUndefined();
  });
});

test('a hypernetwork has at most as many directions as its last hidden layer has units', () => {
  expect(() => hypernetwork(new Map(namedSpecs(target)), { hidden: [4], directions: 5 })).toThrow(
    'hypernetwork: directions: got 5, expected at most 4',
  );
});
