import { initialize, mapParams, namedParams, Rng, setting } from '@sshn/core';
import { loadModel, type ManifestInput, networkOf, saveModel } from '@sshn/model';
import { useBackend, withoutLeak } from '@sshn-internal/testing';
import { add, dispose, slice, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { Segmenter } from '../segmenter.js';
import { featuresOf } from './features.js';
import { coefficientsOfVariation, weightsOver } from './weights.js';

beforeAll(() => useBackend('cpu'));

const hypernetwork = {
  hidden: [4],
  encoding: 'linear',
  form: 'residual',
  residualScale: 0.5,
  factors: 1,
  conditions: 0,
} as const;

async function modelOf(
  method: ManifestInput['method'],
  size = [9, 7],
  preprocessing: Partial<ManifestInput['preprocessing']> = {},
) {
  const manifest: ManifestInput = {
    task: 'segmentation',
    network: {
      architecture: 'unet',
      options: { rank: size.length, inChannels: 1, outChannels: 2, features: 3, stages: 2 },
    },
    method,
    prior:
      method.kind === 'fixed' ? { kind: 'constant', factor: 0.5 } : { kind: 'uniform', low: 0, high: 0.5 },
    preprocessing: { size, channels: 1, intensity: { kind: 'none' }, ...preprocessing },
    labels: [{ name: 'background' }, { name: 'cell' }],
    accuracyCost: [],
    provenance: { versions: {}, seed: 1, dataset: 'test', date: '2026-01-02T03:04:05.000Z', configHash: 'x' },
  };
  const model = networkOf(manifest as Parameters<typeof networkOf>[0]);
  const begin = initialize(model.specs, Rng.fromSeed(3));
  // Biases begin at zero: nothing would be known of theirs.
  const params = mapParams(begin, (one, path) => add(one, path.includes('head') ? 0.01 : 0));
  const bytes = await saveModel({ specs: model.specs, params, manifest });
  dispose([...namedParams(begin).values()]);
  return { bytes, model, params };
}

const layers = [
  'encoder.0.0',
  'encoder.0.1',
  'encoder.1.0',
  'encoder.1.1',
  'decoder.0.0',
  'decoder.0.1',
  'head',
];

describe('weights over factors', () => {
  test('are those that the hypernetwork predicts, layer by layer in the order in which they run', async () => {
    const { bytes, model, params } = await modelOf({ kind: 'sshn', hypernetwork });
    const factors = [0, 0.2, 0.5];
    const curves = await withoutLeak(async () => {
      using segmenter = new Segmenter(loadModel(bytes, 'test'));
      expect(segmenter.layers()).toEqual(layers);
      return await weightsOver(segmenter, factors);
    });
    expect([...new Set(curves.map(({ layer }) => layer))]).toEqual(layers);
    for (const [i, factor] of factors.entries()) {
      const expected = model.specialize(params, setting(factor));
      expect(namedParams(expected).size).toBe(curves.length);
      for (const [path, weight] of namedParams(expected)) {
        const curve = curves.find((one) => one.path === path)!;
        expect(curve.shape).toEqual(weight.shape);
        expect([...curve.values[i]!]).toEqual([...weight.dataSync()]);
      }
      dispose([...namedParams(expected).values()]);
    }
    const kernel = curves.find(({ path }) => path === 'encoder.1.0.kernel')!;
    expect(kernel.values[0]).not.toEqual(kernel.values[2]);
    const variation = coefficientsOfVariation(kernel);
    for (const [place, got] of variation.entries()) {
      const three = kernel.values.map((at) => at[place]!);
      const mean = (three[0]! + three[1]! + three[2]!) / 3;
      const sd = Math.sqrt(three.map((value) => (value - mean) ** 2).reduce((a, b) => a + b) / 3);
      expect(got).toBeCloseTo(sd / Math.abs(mean), 6);
    }
    dispose([...namedParams(params).values()]);
  });

  test('of fixed weights do not vary', async () => {
    const { bytes, params } = await modelOf({ kind: 'fixed', factor: 0.5 });
    using segmenter = new Segmenter(loadModel(bytes, 'test'));
    const curves = await weightsOver(segmenter, [0, 0.25, 0.5]);
    expect(curves.every((curve) => coefficientsOfVariation(curve).every((value) => value === 0))).toBe(true);
    await expect(weightsOver(segmenter, [2])).rejects.toThrow(/factor in \[0, 1\]/);
    dispose([...namedParams(params).values()]);
  });

  test('a mean of zero differs from numbers that are all zero', () => {
    const values = [Float32Array.of(-1, 0, 2), Float32Array.of(1, 0, 2)];
    expect([...coefficientsOfVariation({ values })]).toEqual([Number.POSITIVE_INFINITY, 0, 0]);
    expect([...coefficientsOfVariation({ values: [] })]).toEqual([]);
  });
});

describe('feature maps', () => {
  test.each([[[9, 7]], [[3, 5, 4]]])(
    'of an image of %o are those of the layers, run one by one',
    async (size) => {
      const { bytes, model, params } = await modelOf({ kind: 'sshn', hypernetwork }, size);
      const rng = Rng.fromSeed(7);
      const values = Float32Array.from({ length: size.reduce((a, b) => a * b) }, () => rng.uniform());
      const maps = await withoutLeak(async () => {
        using segmenter = new Segmenter(loadModel(bytes, 'test'));
        return await featuresOf(segmenter, { values, size, channels: 1 }, { factor: 0.3 });
      });
      expect([...maps.keys()]).toEqual(layers);
      const at = setting(0.3);
      const weights = model.specialize(params, at);
      const logits = tidy(() => model.network.apply(weights, tensor(values, [1, ...size, 1]), at));
      expect([...maps.get('head')!.values]).toEqual([...logits.dataSync()]);
      expect(maps.get('encoder.0.1')).toMatchObject({ size, channels: 3 });
      expect(maps.get('encoder.1.1')!.size).toEqual(
        size.map((edge) => Math.max(1, Math.floor(0.3 * edge + 0.5))),
      );
      // The head is a 1×1 convolution of the features before it.
      const { kernel, bias } = {
        kernel: namedParams(weights).get('head.kernel')!,
        bias: namedParams(weights).get('head.bias')!,
      };
      const [k, b] = [kernel.dataSync(), bias.dataSync()];
      const before = maps.get('decoder.0.1')!.values;
      for (let pixel = 0; pixel < values.length; pixel++)
        for (let label = 0; label < 2; label++) {
          const sum = [0, 1, 2].reduce(
            (total, c) => total + before[pixel * 3 + c]! * k[c * 2 + label]!,
            b[label]!,
          );
          expect(maps.get('head')!.values[pixel * 2 + label]).toBeCloseTo(sum, 4);
        }
      dispose([logits, ...namedParams(weights).values(), ...namedParams(params).values()] as Tensor[]);
    },
  );

  test('of an image that is prepared are those of its numbers as they are: of a slice, and of the middle of a large image', async () => {
    const { bytes, model, params } = await modelOf({ kind: 'sshn', hypernetwork }, [12, 11], {
      intensity: { kind: 'minMax' },
      volumes: { fit: 'resize', slices: 'coronal' },
      patch: [8, 7],
    });
    const values = Float32Array.from({ length: 12 * 11 }, (_, i) => Math.sin(i) + 3);
    const maps = await withoutLeak(async () => {
      using segmenter = new Segmenter(loadModel(bytes, 'test'));
      return featuresOf(segmenter, { prepared: { values, size: [12, 11], channels: 1 } }, { factor: 0.3 });
    });
    const at = setting(0.3);
    const weights = model.specialize(params, at);
    const logits = tidy(() =>
      model.network.apply(weights, slice(tensor(values, [1, 12, 11, 1]), [0, 2, 2, 0], [1, 8, 7, 1]), at),
    );
    expect([...maps.get('head')!.values]).toEqual([...logits.dataSync()]);
    expect(maps.get('encoder.0.0')!.size).toEqual([8, 7]);
    dispose([logits, ...namedParams(weights).values(), ...namedParams(params).values()] as Tensor[]);
  });
});
