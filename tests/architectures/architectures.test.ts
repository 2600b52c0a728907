import { architectureNames, createNetwork } from '@sshn/architectures';
import { countParams, initialize, namedSpecs, Rng, setting } from '@sshn/core';
import { countModule } from '@sshn/flops';
import { hypernetize } from '@sshn/hypernet';
import { networkOf } from '@sshn/model';
import { trace } from '@sshn/trace';
import { backends, distinct, useBackend } from '@sshn-internal/testing';
import { beforeAll, describe, expect, test } from 'vitest';

const options = { inChannels: 1, outChannels: 2, features: 3, stages: 3 };
const at = setting(0.37);
const hypernetwork = {
  hidden: [4],
  encoding: 'linear',
  form: 'residual',
  residualScale: 0.1,
  factors: 1,
  conditions: 0,
} as const;

describe.each(backends)('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test.each(architectureNames)(
    '%s: predicted, specialized and described weights give the same logits',
    (name) => {
      const network = createNetwork(name, options);
      const model = hypernetize(network, { predict: 'convolutions', ...hypernetwork });
      const params = initialize(model.specs, Rng.fromSeed(1));
      const image = distinct([2, 9, 7, 1], { gap: 0.02 });
      const logits = model.apply(params, image, at).dataSync();
      expect(network.apply(model.specialize(params, at), image, at).dataSync()).toEqual(logits);
      const described = networkOf({
        network: { architecture: name, options },
        method: { kind: 'sshn', hypernetwork },
      });
      expect(described.apply(params, image, at).dataSync()).toEqual(logits);
    },
  );

  test.each(architectureNames)('%s: every kernel and bias is predicted; with FiLM γ and β', (name) => {
    const leaves = (roles: string[], film: boolean) =>
      namedSpecs(createNetwork(name, { ...options, film }).specs).flatMap(([path, { role }]) =>
        roles.includes(role) ? [path] : [],
      );
    const predicted = (predict: 'convolutions' | 'film', film: boolean) =>
      hypernetize(createNetwork(name, { ...options, film }), { predict }).predicted;
    expect(predicted('convolutions', false)).toEqual(leaves(['kernel', 'bias'], false));
    expect(predicted('film', true)).toEqual(leaves(['scale', 'shift'], true));
    expect(predicted('film', true).length).toBeGreaterThan(10);
  });
});

test.each(architectureNames)('%s: traced, in 2D and 3D', (name) => {
  for (const size of [
    [9, 7],
    [5, 9, 7],
  ]) {
    const network = createNetwork(name, { ...options, rank: size.length as 2 | 3 });
    const { outputs } = trace((params, image) => network.apply(params as never, image as never, at), [
      network.specs,
      { shape: [2, ...size, 1] },
    ] as const);
    expect(outputs.shape).toEqual([2, ...size, 2]);
  }
});

/** Of 8×8 pixels at φ = ½, one 3×3 convolution per stage, features 1 and 1, two labels: 64 and 16 positions. */
const macs = {
  unet: 64 * 9 + 16 * 9 + 64 * 9 * 2 + 64 * 2,
  // Nothing but the decoder changes its channels, so only it has a projection.
  resunet: 64 * 9 + 16 * 9 + 64 * (9 * 2 + 2) + 64 * 2,
  // Both levels: lateral, smooth and heads.
  fpn: 64 * 9 + 16 * 9 + (64 + 16) * (1 + 9 + 2),
  // One bin of one window, on the 2 channels that the decoder joins, makes them 3.
  pspnet: 64 * 9 + 16 * 9 + 2 + 64 * 9 * 3 + 64 * 2,
  // Two dense layers of one unit in each of three stages.
  senet: 64 * 9 + 16 * 9 + 64 * 9 * 2 + 64 * 2 + 3 * 2,
};

test.each(architectureNames)('%s: multiply-adds of a small one, counted by hand', (name) => {
  const own = name === 'pspnet' ? { bins: [1] } : {};
  const small = { inChannels: 1, outChannels: 2, features: 1, stages: 2, convolutionsPerStage: 1, ...own };
  const report = countModule(createNetwork(name, small), {
    inputShape: [1, 8, 8, 1],
    at: setting(0.5),
  });
  const convolutions = report.byKernel
    .filter(({ kernel }) => /conv|matmul|dense/i.test(kernel))
    .reduce((sum, { macs: count }) => sum + count, 0);
  expect(convolutions).toBe(macs[name]);
});

test('in tables, the hypernetwork and the network have the names of their parameters', () => {
  const network = createNetwork('unet', { ...options, film: true });
  const model = hypernetize(network, { predict: 'film' });
  const { byModule } = countModule(model, { inputShape: [1, 8, 8, 1], at: setting(0.5) });
  const [hyper, ...others] = byModule.children;
  expect(hyper!.path).toBe('hypernetwork');
  expect(hyper!.children.map(({ path }) => path)).toEqual(['hypernetwork.hidden']);
  expect(hyper!.parameters).toBe(countParams(model.specs.hypernetwork));
  expect(others.map(({ path }) => path)).toEqual(['encoder', 'down', 'up', 'decoder', 'head']);
});
