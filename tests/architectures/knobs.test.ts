import { architectureNames, createNetwork } from '@sshn/architectures';
import {
  countParams,
  initialize,
  namedParams,
  namedSpecs,
  networkAt,
  Rng,
  setting,
  ValueError,
} from '@sshn/core';
import { countModule } from '@sshn/flops';
import { hypernetize } from '@sshn/hypernet';
import { describePlain, networkOf } from '@sshn/model';
import { registerGradients, valueAndGradients } from '@sshn/ops';
import { useBackend } from '@sshn-internal/testing';
import { add, mean, mul, type Scalar, square, sum, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

beforeAll(async () => {
  await useBackend('wasm');
  registerGradients();
});

const randomImage = (seed: number, shape: number[]) => {
  const rng = Rng.fromSeed(seed);
  const count = shape.reduce((product, n) => product * n, 1);
  return tensor(
    Float32Array.from({ length: count }, () => rng.normal()),
    shape,
  );
};

const make = (name: (typeof architectureNames)[number], rank: 2 | 3, more: object = {}) =>
  createNetwork(name, { rank, inChannels: 2, outChannels: 3, features: 6, stages: 3, ...more });

const knobs = ['width', 'resolution'] as const;

describe.each(architectureNames)('%s', (name) => {
  test.each([
    [2, [1, 9, 7, 2], 0.25, 0.5, 0.6],
    [2, [2, 1, 5, 2], 0, 0.34, 1],
    [3, [1, 4, 6, 3, 2], 0.5, 0.17, 0.3],
  ] as const)(
    'rank %d, %j, φ %f, w %f, ρ %f: the narrow plain network gives what the whole gives',
    (rank, shape, factor, width, resolution) => {
      const network = make(name, rank);
      const model = hypernetize(network, { predict: 'convolutions', hidden: [4, 8], knobs });
      const params = initialize(model.specs, Rng.fromSeed(3));
      const at = setting({ factor, width, resolution });
      const image = randomImage(1, [...shape]);
      const logits = model.apply(params, image, at);
      expect(logits.shape).toEqual([...shape.slice(0, -1), 3]);
      const plain = model.specialize(params, at);
      const narrow = networkAt(network, at);
      expect([...namedParams(plain)].map(([path, { shape }]) => [path, shape])).toEqual(
        namedSpecs(narrow.specs).map(([path, { shape }]) => [path, [...shape]]),
      );
      const alone = narrow.apply(plain, image, setting({ factor, resolution }));
      expect(alone.dataSync()).toEqual(logits.dataSync());
      expect(network.apply(plain, image, at).dataSync()).toEqual(logits.dataSync());
      if (width < 0.5) expect(countParams(narrow.specs)).toBeLessThan(countParams(network.specs) / 2);
    },
  );

  test('gradients reach the first features, and no others', () => {
    const model = hypernetize(make(name, 2), { predict: 'nothing', knobs });
    const params = initialize(model.specs, Rng.fromSeed(4));
    const image = randomImage(2, [1, 6, 6, 2]);
    const at = setting({ factor: 0.5, width: 0.5, resolution: 0.7 });
    const { gradients } = valueAndGradients(
      params,
      (weights) => mean(square(model.apply(weights, image, at))) as Scalar,
    );
    const bias = [...namedParams(gradients)].find(([path]) => /encoder\.0\..*bias$/.test(path))![1];
    const values = [...bias.dataSync()];
    expect(values.slice(0, 3).some((value) => value !== 0)).toBe(true);
    expect(values.slice(3)).toEqual([0, 0, 0]);
  });
});

test('of a concatenation the first channels of each part are taken, times the root of the fan-ins', () => {
  const network = make('unet', 2, { features: [4, 6], stages: undefined });
  const model = hypernetize(network, { predict: 'nothing', knobs });
  const params = initialize(model.specs, Rng.fromSeed(5));
  const whole = [...namedParams(params)].find(([path]) => path.endsWith('decoder.0.0.kernel'))![1];
  const cut = namedParams(model.specialize(params, setting({ factor: 0.5, width: 0.5 }))).get(
    'decoder.0.0.kernel',
  )!;
  expect([whole.shape, cut.shape]).toEqual([
    [3, 3, 10, 4],
    [3, 3, 5, 2],
  ]);
  // The features from below are 6, of which 3 are taken; then come 4 of the skip connection, of which 2.
  const taken = [0, 1, 2, 6, 7];
  const [from, to] = [whole.dataSync(), cut.dataSync()];
  for (let tap = 0; tap < 9; tap++)
    for (const [i, channel] of taken.entries())
      for (let out = 0; out < 2; out++)
        expect(to[(tap * 5 + i) * 2 + out]).toBeCloseTo(
          from[(tap * 10 + channel) * 4 + out]! * Math.sqrt(2),
          6,
        );
});

test('gradients through the slices agree with central differences', () => {
  const model = hypernetize(make('unet', 2, { features: 3, stages: 2, activation: 'silu' }), {
    predict: 'convolutions',
    hidden: [2, 3],
    knobs,
  });
  const params = initialize(model.specs, Rng.fromSeed(6));
  const image = randomImage(3, [1, 5, 4, 2]);
  const at = setting({ factor: 0.4, width: 0.6, resolution: 0.8 });
  const loss = (weights: typeof params) => mean(square(model.apply(weights, image, at))) as Scalar;
  const { gradients } = valueAndGradients(params, loss);
  const slopes = namedParams(gradients);
  // Along a random direction of one tensor at a time.
  for (const [path, one] of [...namedParams(params)].filter((_, i) => i % 5 === 0)) {
    const direction = randomImage(7, one.shape);
    const moved = (step: number) =>
      tidy(() => loss(replaced(params, one, add(one, mul(direction, step))) as typeof params)).dataSync()[0]!;
    const step = 1e-2;
    const expected = (moved(step) - moved(-step)) / (2 * step);
    const got = sum(mul(slopes.get(path)!, direction)).dataSync()[0]!;
    expect(Math.abs(got - expected), path).toBeLessThan(2e-3 * Math.max(1, Math.abs(expected)));
  }
});

/** The same tree with one tensor in place of another. */
function replaced(node: unknown, old: Tensor, by: Tensor): unknown {
  if (node === old) return by;
  if (Array.isArray(node)) return node.map((one) => replaced(one, old, by));
  if (typeof node !== 'object' || node === null || 'dataId' in node) return node;
  return Object.fromEntries(Object.entries(node).map(([name, one]) => [name, replaced(one, old, by)]));
}

test.each(architectureNames.flatMap((name) => ([2, 3] as const).map((rank) => [name, rank] as const)))(
  '%s, %dD: at every width kernels have the variance that their fan-in there asks for',
  (name, rank) => {
    const network = make(name, rank);
    const model = hypernetize(network, { predict: 'convolutions', hidden: [4, 8], knobs });
    const trees = Array.from({ length: 12 }, (_, seed) => initialize(model.specs, Rng.fromSeed(seed)));
    for (const width of [0.1, 0.25, 0.5, 0.67, 0.84, 1]) {
      const at = setting({ factor: 0.3, width, resolution: 0.7 });
      const narrow = networkAt(network, at);
      const plains = trees.map((params) => namedParams(model.specialize(params, at)));
      for (const [path, { init, role }] of namedSpecs(narrow.specs)) {
        if (role !== 'kernel' || init.kind !== 'normal') continue;
        const values = plains.flatMap((plain) => [...plain.get(path)!.dataSync()]);
        const variance = values.reduce((total, value) => total + value ** 2, 0) / values.length;
        // The mean of n squares of normal values varies by √(2 / n).
        const error = Math.abs(variance / init.std ** 2 - 1);
        expect(error, `${path} at ${width}`).toBeLessThan(5 * Math.sqrt(2 / values.length));
      }
    }
  },
);

test('activations keep their size at every width', () => {
  const model = hypernetize(make('unet', 2, { features: 16 }), {
    predict: 'convolutions',
    hidden: [4, 8],
    knobs,
  });
  const image = randomImage(8, [2, 8, 8, 2]);
  const sizes = [0.25, 0.5, 1].map((width) => {
    const squares = Array.from({ length: 16 }, (_, seed) =>
      tidy(() => {
        const params = initialize(model.specs, Rng.fromSeed(seed));
        return mean(square(model.apply(params, image, setting({ factor: 0.5, width })))).dataSync()[0]!;
      }),
    );
    return squares.reduce((total, value) => total + value, 0) / squares.length;
  });
  for (const size of sizes) expect(Math.abs(Math.log(size / sizes[2]!))).toBeLessThan(Math.log(2));
});

test('FLOPs fall with the square of the width and of the resolution', () => {
  const network = make('unet', 2, { features: 32 });
  const flopsAt = (more: { width?: number; resolution?: number }) =>
    countModule(network, { at: setting({ factor: 0.5, ...more }), inputShape: [1, 64, 64, 2] }).flops;
  const whole = flopsAt({});
  expect(flopsAt({ width: 0.25 }) / whole).toBeLessThan(0.1);
  expect(flopsAt({ resolution: 0.5 }) / whole).toBeLessThan(0.28);
  expect(flopsAt({ width: 0.25, resolution: 0.5 }) / whole).toBeLessThan(0.03);
});

test.each(architectureNames)(
  '%s: a manifest of the plain network at a setting describes the same function',
  (name) => {
    const options = { inChannels: 2, outChannels: 3, features: [5, 6, 7], deepSupervision: true };
    const description = {
      network: { architecture: name, options, knobs },
      method: { kind: 'stochastic' },
    } as const;
    const model = networkOf(description);
    const params = initialize(model.specs, Rng.fromSeed(9));
    const at = setting({ factor: 0.3, width: 0.5, resolution: 0.6 });
    const image = randomImage(9, [1, 8, 7, 2]);
    const want = model.apply(params, image, at).dataSync();
    const plain = networkOf({
      network: describePlain(description.network, at),
      method: { kind: 'fixed', factor: 0.3 },
    });
    const weights = model.specialize(params, at);
    expect(plain.network.apply(weights, image, setting(0.3)).dataSync()).toEqual(want);
    // Deep supervision: the first of all predictions is what the network gives.
    const [first] = model.network.outputs!.apply(weights, image, at);
    expect(first!.dataSync()).toEqual(want);
  },
);

test('a width that a network was not made for is refused', () => {
  const network = make('unet', 2);
  const model = hypernetize(network, { predict: 'convolutions', hidden: [2, 3] });
  const params = initialize(model.specs, Rng.fromSeed(1));
  expect(() =>
    model.apply(params, randomImage(1, [1, 4, 4, 2]), setting({ factor: 0.5, width: 0.5 })),
  ).toThrow(ValueError);
});
