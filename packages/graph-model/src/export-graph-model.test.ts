import { architectureNames, createNetwork } from '@sshn/architectures';
import { initialize, namedParams, paramTree, Rng, rescaling } from '@sshn/core';
import { fieldOf, registrationNetwork } from '@sshn/registration';
import { useBackend, withoutLeak } from '@sshn-internal/testing';
import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import { add, cumsum, dispose, io, mul, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { exportGraphModel, type GraphModelOptions } from './export-graph-model.js';
import { graphModelFiles } from './graph-model-files.js';

beforeAll(() => useBackend('wasm'));

type Options = Omit<GraphModelOptions<never>, 'params' | 'network'> & {
  readonly network: ReturnType<typeof createNetwork>;
};

/** Noise in [−1, 1), the same for the same seed. */
function noise(count: number, seed: number): Float32Array {
  const rng = Rng.fromSeed(seed);
  return Float32Array.from({ length: count }, () => 2 * rng.uniform() - 1);
}

/** Weights of which none is 0: a registration network begins with a flow of 0. */
function noisy({ specs }: Options['network']) {
  const params = initialize(specs, Rng.fromSeed(7));
  const moved = new Map(
    [...namedParams(params)].map(([path, weight], i) => [
      path,
      tidy(() => add(weight, mul(tensor(noise(weight.size, i), weight.shape), 0.05))),
    ]),
  );
  dispose([...namedParams(params).values()]);
  return paramTree(specs, moved);
}

/** Runs a loaded model, as a user would who has tfjs alone. */
function execute(model: GraphModel, x: Tensor): Tensor {
  return model.execute({ [model.inputs[0]!.name]: x }, model.outputs[0]!.name) as Tensor;
}

/** The largest difference between our output and the graph model's, relative to our largest value. */
async function differenceOf(options: Options, batch = 1): Promise<number> {
  const { network, at, size, channels, after = (x: Tensor) => x } = options;
  const params = noisy(network);
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

const networkOf = (name: (typeof architectureNames)[number], rank: 2 | 3, more: object = {}) =>
  createNetwork(name, { rank, inChannels: 2, outChannels: 3, features: 6, stages: 3, ...more } as never);

describe('tf.loadGraphModel gives the same as the network', () => {
  test.each(architectureNames)('%s in 2D and 3D, several φ, odd sizes, several images', async (name) => {
    for (const factor of [0, 0.3, 1]) {
      const at = rescaling(factor);
      const two = { network: networkOf(name, 2), at, size: [17, 20], channels: 2 };
      expect(await differenceOf(two, 2)).toBeLessThan(1e-4);
      const three = { network: networkOf(name, 3), at, size: [9, 8, 11], channels: 2 };
      expect(await differenceOf(three)).toBeLessThan(1e-4);
    }
    const at = rescaling([0.3, 0.7]);
    expect(
      await differenceOf({ network: networkOf(name, 2), at, size: [1, 17], channels: 2 }, 3),
    ).toBeLessThan(1e-4);
  });

  test.each([
    { normalization: 'group' },
    { normalization: 'instance', film: true },
    { downsampling: 'max' },
    { downsampling: 'average' },
    { downsampling: 'strided' },
    { kernelSize: 5 },
    ...['elu', 'gelu', 'silu', 'mish', 'softplus', 'sigmoid'].map((activation) => ({ activation })),
  ])('a U-Net with %j', async (more) => {
    const at = rescaling(0.3);
    expect(
      await differenceOf({ network: networkOf('unet', 2, more), at, size: [17, 20], channels: 2 }, 2),
    ).toBeLessThan(1e-4);
    expect(
      await differenceOf({ network: networkOf('unet', 3, more), at, size: [9, 8, 11], channels: 2 }),
    ).toBeLessThan(1e-4);
  });

  test.each([
    ['full', 0],
    ['half', 5],
  ] as const)(
    'fields of registration at %s resolution, %i integration steps',
    async (resolution, integrationSteps) => {
      for (const size of [
        [16, 21],
        [8, 9, 12],
      ]) {
        const rank = size.length as 2 | 3;
        const options = { rank, inChannels: 2, outChannels: 6, features: 6, stages: 3 };
        const backbone = createNetwork('unet', options as never);
        const difference = await differenceOf({
          network: registrationNetwork({ backbone, resolution }) as never,
          at: rescaling(0.25),
          size,
          channels: 2,
          after: (flow) => fieldOf(flow, size, { integrationSteps }),
          names: { input: 'pair', output: 'field' },
        });
        expect(difference).toBeLessThan(1e-4);
      }
    },
  );
});

test('files: model.json and shards open as a whole; equal networks give equal bytes; nothing is left behind', async () => {
  const network = networkOf('unet', 2, { features: 128 });
  const params = initialize(network.specs, Rng.fromSeed(7));
  const options = {
    network,
    params,
    at: rescaling(0.25),
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
  const [wanted, got] = [network.apply(params, x, rescaling(0.25)), execute(model, x)];
  expect(model.inputs[0]!.shape).toEqual([-1, 8, 8, 2]);
  const values = await wanted.data();
  for (const [i, value] of (await got.data()).entries()) expect(value).toBeCloseTo(values[i]!, 4);
  model.dispose();
  dispose([x, wanted, got, ...namedParams(params).values()]);
});

test('a kernel without a counterpart is named, with its place; sizes are checked', async () => {
  const network = networkOf('unet', 2);
  const params = initialize(network.specs, Rng.fromSeed(7));
  const options = { network, params, at: rescaling(0.5), channels: 2 };
  await expect(exportGraphModel({ ...options, size: [8, 8], after: (x) => cumsum(x, 1) })).rejects.toThrow(
    "Graph model: got kernel 'Cumsum' in the network, expected one of: Abs, Add,",
  );
  await expect(exportGraphModel({ ...options, size: [8, 0] })).rejects.toThrow(
    'exportGraphModel: size: 1: got 0',
  );
  dispose([...namedParams(params).values()]);
});
