import { initialize, namedParams, type ParamsOf, paramTree, Rng, type SpecNode, setting } from '@sshn/core';
import { valueAndGradients } from '@sshn/ops';
import { useBackend, withoutLeak } from '@sshn-internal/testing';
import { fill, type Scalar, square, sum, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ManifestInput } from './manifest/schema.js';
import { loadModel, saveModel } from './model.js';
import { networkOf } from './network-of.js';
import { manifest as usual } from './testing/small-model.js';

const hypernetwork = {
  hidden: [10, 100],
  encoding: 'linear',
  form: 'residual',
  residualScale: 0.1,
  factors: 1,
  conditions: 0,
} as const;
const ofSshn = (changes: object = {}): ManifestInput => ({
  ...usual,
  method: { kind: 'sshn', hypernetwork: { ...hypernetwork, ...changes } },
});
const network = {
  architecture: 'unet',
  options: { inChannels: 1, outChannels: 2, features: [3, 4, 4], film: true },
} as const;
const registration: ManifestInput = {
  ...ofSshn({ conditions: 1, hidden: [4, 60] }),
  task: 'registration',
  registration: {
    similarity: 'mse',
    window: 9,
    regularizer: 'diffusion',
    weight: 0.01,
    lambda: { low: 0, high: 1, distribution: 'uniform', endpoints: 0 },
  },
};

/** A model whose biases are no longer 0, as after training. */
function modelOf(manifest: ManifestInput) {
  const { specs } = networkOf(manifest);
  const rng = Rng.fromSeed(11);
  const params = initialize(specs as SpecNode, rng) as ParamsOf<typeof specs>;
  for (const [path, one] of namedParams(params)) {
    const values = one.dataSync();
    // The more of the last layer's units are above 0 everywhere, the fewer directions there are.
    const middle = path.endsWith('hidden.1.bias') ? 1 : 0;
    if (/hidden\.\d+\.bias$/.test(path)) values.set(values.map(() => middle + 0.3 * rng.normal()));
  }
  return { specs, params, manifest };
}

type Model = ReturnType<typeof modelOf>;

const open = (bytes: Uint8Array) => {
  const { manifest, params } = loadModel(bytes);
  const model = networkOf(manifest);
  return { manifest, model, params: paramTree(model.specs, params) };
};

const isSame = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

function errorOf(exact: Tensor, near: Tensor): number {
  const [a, b] = [Float64Array.from(exact.dataSync()), Float64Array.from(near.dataSync())];
  return Math.hypot(...a.map((value, i) => value - b[i]!)) / Math.max(Math.hypot(...a), 1e-30);
}

describe('models are saved in compact form', () => {
  beforeAll(() => useBackend('cpu'));

  test.each<[string, ManifestInput, number]>([
    ['an SSHN', ofSshn(), 0.75],
    ['a direct one, encoded on the circle', ofSshn({ form: 'direct', encoding: 'circular' }), 0.75],
    [
      'separate factors',
      {
        ...ofSshn({ factors: 2, hidden: [4, 80] }),
        network: { ...network, options: { ...network.options, film: false } },
      },
      0.75,
    ],
    ['registration with λ', registration, 0.75],
    ['FiLM', { ...ofSshn(), network, method: { kind: 'film', hypernetwork } }, 0.85],
  ])(
    '%s: smaller, the same weights to 1e-5 between the settings that were compared',
    async (_, manifest, share) => {
      const model = modelOf(manifest);
      const bytes = await withoutLeak(() => saveModel(model));
      const whole = await saveModel(model, { form: 'whole' });
      expect(bytes.length).toBeLessThan(share * whole.length);
      const compact = open(bytes);
      const exact = open(whole);
      for (const [path, one] of namedParams(model.params)) {
        expect(namedParams(exact.params).get(path)!.dataSync()).toEqual(one.dataSync());
      }
      const { method } = compact.manifest;
      if (!('hypernetwork' in method)) throw new Error('no hypernetwork');
      expect(method.hypernetwork.directions).toBeLessThan(0.75 * method.hypernetwork.hidden.at(-1)!);
      const rng = Rng.fromSeed(5);
      const { factors, conditions } = method.hypernetwork;
      for (let n = 0; n < 12; n++) {
        const draw = (count: number) => Array.from({ length: count }, () => rng.uniform(0, 1));
        const at = setting({ factor: draw(factors), conditions: draw(conditions) });
        const weights = namedParams(exact.model.specialize(exact.params, at));
        for (const [path, near] of namedParams(compact.model.specialize(compact.params, at))) {
          expect(errorOf(weights.get(path)!, near), path).toBeLessThan(1e-5);
        }
      }
      // Saved again, a compact model stays as it is.
      const again = { specs: compact.model.specs, params: compact.params, manifest };
      const { format: __, version: ___, ...input } = compact.manifest;
      expect(isSame(await saveModel({ ...again, manifest: input }), bytes)).toBe(true);
    },
  );

  test.each<[string, (model: Model) => Promise<Uint8Array>]>([
    ['whole', (model) => saveModel(model, { dtype: 'float16' })],
    [
      'compact already',
      async (model) => {
        const { manifest, model: network, params } = open(await saveModel(model));
        const { format: _, version: __, ...input } = manifest;
        return saveModel({ specs: network.specs, params, manifest: input }, { dtype: 'float16' });
      },
    ],
  ])('with 16 bits, errors of the rounding let heads be smaller: %s', async (_, save) => {
    const model = modelOf(ofSshn());
    const exact = open(await saveModel(model, { form: 'whole' }));
    const small = open(await save(model));
    const directions = ({ manifest: { method } }: typeof small) =>
      'hypernetwork' in method ? method.hypernetwork.directions! : Number.NaN;
    expect(directions(small)).toBeLessThan(directions(open(await saveModel(model))));
    for (const factor of [0, 0.21, 0.4999, 1]) {
      const at = setting(factor);
      const weights = namedParams(exact.model.specialize(exact.params, at));
      for (const [path, near] of namedParams(small.model.specialize(small.params, at))) {
        expect(errorOf(weights.get(path)!, near), path).toBeLessThan(1e-3);
      }
    }
  });

  test('and can be trained further: gradients reach heads, directions and hidden layers', async () => {
    const { model, params } = open(await saveModel(modelOf(ofSshn())));
    const { value, gradients } = valueAndGradients(
      params,
      (weights): Scalar => sum(square(model.apply(weights, fill([1, 8, 8, 3], 0.5), setting(0.3)))),
    );
    expect(value.dataSync()[0]).toBeGreaterThan(0);
    for (const path of [
      'hypernetwork.directions',
      'hypernetwork.hidden.0.kernel',
      'hypernetwork.heads.head.kernel.weight',
    ]) {
      expect(Math.max(...namedParams(gradients).get(path)!.dataSync().map(Math.abs))).toBeGreaterThan(0);
    }
  });

  test('a model without a hypernetwork has no other form', async () => {
    const model = modelOf({ ...usual, method: { kind: 'stochastic' } });
    expect(isSame(await saveModel(model), await saveModel(model, { form: 'whole' }))).toBe(true);
    await expect(saveModel(model, { form: 'compacted' as 'compact' })).rejects.toThrow(
      "Did you mean 'compact'?",
    );
  });
});
