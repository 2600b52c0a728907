import { architectureNames } from '@sshn/architectures';
import { initialize, namedParams, Rng, setting } from '@sshn/core';
import { useBackend, withoutLeak } from '@sshn-internal/testing';
import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import { cumsum, dispose, io, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type ExportCase,
  fieldCases,
  narrowCases,
  noise,
  noisyWeights,
  smallNetwork,
  unetOptions,
} from '../../model/src/testing/exported-networks.js';
import { exportGraphModel, graphModelFiles } from './export-graph-model.js';

beforeAll(() => useBackend('wasm'));

/** Runs a loaded model, as a user would who has tfjs alone. */
function execute(model: GraphModel, x: Tensor): Tensor {
  return model.execute({ [model.inputs[0]!.name]: x }, model.outputs[0]!.name) as Tensor;
}

/** The largest difference between our output and the graph model's, relative to our largest value. */
async function differenceOf(options: ExportCase, batch = 1): Promise<number> {
  const { network, at, size, channels, after = (x: Tensor) => x } = options;
  const params = noisyWeights(network);
  const artifacts = await exportGraphModel({ ...options, network, params });
  const model = await loadGraphModel(io.fromMemory(artifacts));
  const shape = [batch, ...size, channels];
  const x = tensor(
    noise(
      shape.reduce((product, n) => product * n, 1),
      11,
    ),
    shape,
  );
  const [ours, theirs] = tidy(() => {
    const wanted = after(network.apply(params, x, at));
    const got = execute(model, x);
    expect(got.shape).toEqual(wanted.shape);
    return [wanted.dataSync<'float32'>(), got.dataSync<'float32'>()];
  });
  model.dispose();
  dispose([x, ...namedParams(params).values()]);
  const largest = ours.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return ours.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i]!)), 0) / largest;
}

describe('tf.loadGraphModel gives the same as the network', () => {
  test.each(architectureNames)('%s in 2D and 3D, several φ, odd sizes, several images', async (name) => {
    for (const factor of [0, 0.3, 1]) {
      const at = setting(factor);
      const two = { network: smallNetwork(name, 2), at, size: [17, 20], channels: 2 };
      expect(await differenceOf(two, 2)).toBeLessThan(1e-4);
      const three = { network: smallNetwork(name, 3), at, size: [9, 8, 11], channels: 2 };
      expect(await differenceOf(three)).toBeLessThan(1e-4);
    }
    const at = setting([0.3, 0.7]);
    expect(
      await differenceOf({ network: smallNetwork(name, 2), at, size: [1, 17], channels: 2 }, 3),
    ).toBeLessThan(1e-4);
  });

  test.each(architectureNames)('%s with fewer features, of a smaller image inside', async (name) => {
    for (const one of narrowCases(name)) expect(await differenceOf(one, 2)).toBeLessThan(1e-4);
  });

  test.each(unetOptions)('a U-Net with %j', async (more) => {
    const at = setting(0.3);
    expect(
      await differenceOf({ network: smallNetwork('unet', 2, more), at, size: [17, 20], channels: 2 }, 2),
    ).toBeLessThan(1e-4);
    expect(
      await differenceOf({ network: smallNetwork('unet', 3, more), at, size: [9, 8, 11], channels: 2 }),
    ).toBeLessThan(1e-4);
  });

  test.each(fieldCases)('displacement fields, %s', async (_, one) => {
    expect(await differenceOf(one())).toBeLessThan(1e-4);
  });
});

test('files: model.json and shards open as a whole; equal networks give equal bytes; nothing is left behind', async () => {
  const network = smallNetwork('unet', 2, { features: 128 });
  const params = initialize(network.specs, Rng.fromSeed(7));
  const options = {
    network,
    params,
    at: setting(0.25),
    size: [8, 8],
    channels: 2,
    metadata: { sshn: '{}' },
  };
  const files = graphModelFiles(await exportGraphModel(options));
  await withoutLeak(async () => {
    const again = graphModelFiles(await exportGraphModel(options));
    for (const [name, bytes] of files) expect(Buffer.compare(again.get(name)!, bytes)).toBe(0);
  });
  expect([...files.keys()]).toEqual(['group1-shard1of2.bin', 'group1-shard2of2.bin', 'model.json']);
  const json = JSON.parse(new TextDecoder().decode(files.get('model.json')));
  expect(json.userDefinedMetadata).toEqual({ sshn: '{}' });
  const read = (url: string) => files.get(url.split('/').at(-1)!)!;
  const model = await loadGraphModel('http://localhost/model.json', {
    fetchFunc: async (url: string) => new Response(read(url).slice() as Uint8Array<ArrayBuffer>),
  } as io.LoadOptions);
  const x = tensor(noise(2 * 8 * 8 * 2, 3), [2, 8, 8, 2]);
  const [wanted, got] = [network.apply(params, x, setting(0.25)), execute(model, x)];
  expect(model.inputs[0]!.shape).toEqual([-1, 8, 8, 2]);
  const values = await wanted.data();
  for (const [i, value] of (await got.data()).entries()) expect(value).toBeCloseTo(values[i]!, 4);
  model.dispose();
  dispose([x, wanted, got, ...namedParams(params).values()]);
});

test('a kernel without a counterpart is named, with its place; sizes are checked', async () => {
  const network = smallNetwork('unet', 2);
  const params = initialize(network.specs, Rng.fromSeed(7));
  const options = { network, params, at: setting(0.5), channels: 2 };
  await expect(exportGraphModel({ ...options, size: [8, 8], after: (x) => cumsum(x, 1) })).rejects.toThrow(
    "Graph model: got kernel 'Cumsum' in the network, expected one of: Abs, Add,",
  );
  await expect(exportGraphModel({ ...options, size: [8, 0] })).rejects.toThrow(
    'exportGraphModel: size: 1: got 0',
  );
  dispose([...namedParams(params).values()]);
});
