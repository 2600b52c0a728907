import { initialize, kaimingNormal, namedParams, namedSpecs, type ParamSpec, Rng, setting } from '@sshn/core';
import { convolution, dense, film } from '@sshn/layers';
import { useBackend } from '@sshn-internal/testing';
import { dispose } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodings } from './encoding.js';
import { forms, gateStart } from './head-plan.js';
import { type HypernetworkConfig, hypernetwork } from './hypernetwork.js';
import { average, rms } from './testing/statistics.js';

/** Parameters with fan-ins from 2 to 288, with and without activation behind them. */
const targets = new Map<string, ParamSpec>(
  Object.entries({
    first: convolution({ inChannels: 3, outChannels: 8, activation: 'leakyRelu' }),
    wide: convolution({ inChannels: 32, outChannels: 2, activation: 'leakyRelu' }),
    volume: convolution({ rank: 3, inChannels: 2, outChannels: 8, activation: 'leakyRelu', slope: 0.5 }),
    head: convolution({ inChannels: 16, outChannels: 12, kernelSize: 1 }),
    dense: dense({ inFeatures: 2, outFeatures: 99 }),
    film: film({ channels: 200 }),
  }).flatMap(([name, layer]) =>
    namedSpecs(layer.specs).map(([path, spec]): [string, ParamSpec] => [`${name}.${path}`, spec]),
  ),
);

const factors = [0, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 1];
const seeds = Array.from({ length: 16 }, (_, i) => i + 1);

/** Values by target and factor, pooled over differently seeded hypernetworks. */
function samples(config: HypernetworkConfig): Map<string, Map<number, number[]>> {
  const { specs, apply } = hypernetwork(targets, config);
  const values = new Map(
    [...targets.keys()].map((name) => [name, new Map(factors.map((factor) => [factor, [] as number[]]))]),
  );
  for (const seed of seeds) {
    const params = initialize(specs, Rng.fromSeed(seed));
    for (const factor of factors) {
      const predicted = apply(params, setting(factor));
      for (const [name, tensor] of predicted)
        values
          .get(name)!
          .get(factor)!
          .push(...tensor.dataSync());
      dispose([...predicted.values()]);
    }
    dispose([...namedParams(params).values()]);
  }
  return values;
}

// The default, and narrow ones (quicker to initialize) in all other ways.
const configs: HypernetworkConfig[] = [
  {},
  ...forms.flatMap((form) =>
    encodings.flatMap((encoding) =>
      (form === 'direct' ? [0.1] : [0.1, 1]).map((residualScale) => {
        return { form, encoding, residualScale, hidden: [10, 16] };
      }),
    ),
  ),
];

/**
 * What predictions add to the variance in the centred form, as a share: nothing in the middle, and at other factors as much as
 * the hidden layer changes up to there, which differs between seeds.
 */
function added({ form = 'centred', residualScale = 0.1 }: HypernetworkConfig, factor: number): number {
  if (form !== 'centred' || factor === 0.25) return 0;
  return (factor === 1 ? 10 : 3) * (gateStart * residualScale) ** 2;
}

beforeAll(() => useBackend('wasm'));

describe.each(configs)('%j', (config) => {
  let predictions: ReturnType<typeof samples>;
  beforeAll(() => {
    predictions = samples(config);
  });

  test.each(factors)('φ = %f: kernels have the variance that their fan-in asks for', (factor) => {
    for (const [name, { init }] of targets) {
      if (init.kind !== 'normal') continue;
      const values = predictions.get(name)!.get(factor)!;
      // Given the hidden layer, entries are independent and normal: the mean of n squares varies by √(2 / n).
      const error = (rms(values) / init.std) ** 2 - 1;
      expect(Math.abs(error), name).toBeLessThan(5 * Math.sqrt(2 / values.length) + added(config, factor));
      expect(Math.abs(average(values)) / rms(values), name).toBeLessThan(5 / Math.sqrt(values.length));
    }
  });

  test.each(factors)('φ = %f: biases and FiLM start small, but not at zero', (factor) => {
    const { form = 'centred', residualScale: r = 0.1 } = config;
    const want = form === 'direct' ? 0.1 : (0.1 * r) / Math.sqrt(1 + r ** 2);
    for (const [name, { init, role, fanIn }] of targets) {
      if (init.kind === 'normal') continue;
      const values = predictions.get(name)!.get(factor)!;
      const scale = role === 'bias' ? kaimingNormal(fanIn).std : 0.1;
      if (form === 'centred') {
        // None in the middle, about 0.1 r at the ends, where gates are open.
        const size = rms(values) / scale / gateStart;
        expect(size, name).toBeLessThan(0.1 * r * (factor === 1 ? 4 : 2));
        if (factor === 0.25) expect(size, name).toBe(0);
        if (factor === 0 || factor === 0.5) expect(size, name).toBeGreaterThan(0.1 * r * 0.5);
        continue;
      }
      const error = (rms(values) / scale / want) ** 2 - 1;
      expect(Math.abs(error), name).toBeLessThan(5 * Math.sqrt(2 / values.length));
    }
  });
});

test.each(forms)('%s form: a parameter that starts at one is predicted around one', (form) => {
  const gain: ParamSpec = { ...film({ channels: 500 }).specs.gamma, init: { kind: 'constant', value: 1 } };
  const { specs, apply } = hypernetwork(new Map([['gain', gain]]), { form });
  const values = [
    ...apply(initialize(specs, Rng.fromSeed(1)), setting(0.3))
      .get('gain')!
      .dataSync(),
  ];
  expect(average(values)).toBeCloseTo(1, 2);
  expect(rms(values.map((value) => value - 1))).toBeGreaterThan(0);
});
