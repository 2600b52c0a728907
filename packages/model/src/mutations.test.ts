import {
  disposeParams,
  initialize,
  namedParams,
  paramTree,
  Rng,
  type SpecNode,
  SshnError,
  setting,
} from '@sshn/core';
import { below, mutateBytes, mutateJson, useBackend } from '@sshn-internal/testing';
import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadModel, saveModel } from './model.js';
import { networkOf } from './network-of.js';
import { withChecksum } from './safetensors/checksum.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors/safetensors.js';
import { fileOf } from './testing/reference-files.js';
import { hypernetwork, manifest as usual } from './testing/small-model.js';

/** How many mutated files are opened, a minute's work; another number with SSHN_MUTATIONS. */
const count = Number(process.env.SSHN_MUTATIONS ?? 100_000);
const seed = Number(process.env.SSHN_TEST_SEED ?? 1);

const options = { inChannels: 1, outChannels: 3, features: [2, 3], convolutionsPerStage: 1 };
const manifest = {
  ...usual,
  network: { architecture: 'unet' as const, options },
  method: { kind: 'sshn' as const, hypernetwork: { ...hypernetwork, hidden: [2, 3] } },
};

/** Longest time for one file: of the processor, as a machine may do other things too. */
const mostMilliseconds = 3_000;

function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
/** Longest message, in characters. */
const mostText = 30_000;

interface Outcome {
  readonly kind: 'opened' | 'refused';
  readonly what: string;
}

/** Opens a file as programs do; anything but a model that works or an error of ours is a fault. */
function open(bytes: Uint8Array): Outcome {
  const before = memory().numTensors;
  const began = cpuMilliseconds();
  try {
    const { manifest: read, params } = loadModel(bytes, 'mutated');
    const network = networkOf(read);
    const tree = paramTree(network.specs, params);
    const { factors = 1, conditions = 0 } = 'hypernetwork' in read.method ? read.method.hypernetwork : {};
    const at = setting({
      factor: Array<number>(factors).fill(0.3),
      conditions: Array<number>(conditions).fill(0.3),
    });
    const weights = network.specialize(tree, at);
    const finite = [...namedParams(weights).values()].every((one) => one.dataSync().every(Number.isFinite));
    const bits = [...params].map(([name, one]) => [name, one.shape, [...one.dataSync()]]);
    disposeParams(weights);
    disposeParams(tree);
    if (!finite) throw new Error('weights that are not finite');
    return { kind: 'opened', what: JSON.stringify([read.network, read.method, bits]) };
  } catch (error) {
    if (!(error instanceof SshnError)) throw error;
    expect(error.message.length).toBeLessThan(mostText);
    return { kind: 'refused', what: error.message };
  } finally {
    expect(memory().numTensors).toBe(before);
    expect(cpuMilliseconds() - began).toBeLessThan(mostMilliseconds);
  }
}

describe.each(['float32', 'float16'] as const)('mutated model files of %s', (dtype) => {
  let good: Uint8Array;
  let header: Record<string, unknown>;
  let data: Uint8Array;
  let same: string;
  beforeAll(async () => {
    await useBackend('cpu');
    const { specs } = networkOf({ ...manifest });
    const params = initialize(specs as SpecNode, Rng.fromSeed(3)) as never;
    good = await saveModel({ specs, params, manifest }, { dtype });
    disposeParams(params);
    const length = Number(new DataView(good.buffer).getBigUint64(0, true));
    header = JSON.parse(new TextDecoder().decode(good.subarray(8, 8 + length)));
    data = good.subarray(8 + length);
    same = open(good).what;
  });

  /** Each case has a number, so that one can be run alone. */
  const each = (share: number, mutate: (rng: Rng) => Uint8Array, check: (outcome: Outcome) => void) => {
    const kinds = { opened: 0, refused: 0 };
    const rss = process.memoryUsage.rss();
    const n = Math.ceil((count * share) / 2);
    for (let i = 0; i < n; i++) {
      const bytes = mutate(Rng.fromSeed(seed).split(i));
      try {
        const outcome = open(bytes);
        kinds[outcome.kind] += 1;
        check(outcome);
      } catch (cause) {
        throw new Error(`mutation ${i} of seed ${seed}: ${cause instanceof Error ? cause.message : cause}`, {
          cause,
        });
      }
    }
    expect(process.memoryUsage.rss() - rss).toBeLessThan(512 * 2 ** 20);
    return kinds;
  };

  test('bytes: the same network, or an error that says what is wrong', () => {
    const kinds = each(
      0.6,
      (rng) => mutateBytes(good, rng),
      ({ kind, what }) => {
        if (kind === 'opened') expect(what).toBe(same);
      },
    );
    expect(kinds.refused).toBeGreaterThan(0.9 * 0.5 * count * 0.6);
  });

  test('headers', () => {
    each(
      0.25,
      (rng) => fileOf(JSON.stringify(mutateJson(header, rng)), data),
      ({ kind, what }) => {
        if (kind === 'opened') expect(what).toBe(same);
      },
    );
  });

  test('manifests that somebody wrote on purpose, with the right checksum: a network that works, or an error', () => {
    const { tensors, metadata } = decodeSafetensors(good);
    const written = JSON.parse(metadata.sshn!) as unknown;
    const kinds = each(
      0.12,
      (rng) => {
        const sshn = JSON.stringify(mutateJson(written, rng));
        return encodeSafetensors(withChecksum({ tensors, metadata: { sshn } }));
      },
      () => undefined,
    );
    expect(kinds.opened).toBeGreaterThan(0);
  });

  test('weights of a file without a checksum: finite ones, or an error', () => {
    const { tensors, metadata } = decodeSafetensors(good);
    const names = [...tensors.keys()];
    const kinds = each(
      0.03,
      (rng) => {
        const name = names[below(rng, names.length)]!;
        const one = tensors.get(name)!;
        const data = Uint8Array.from(one.data);
        const [values, words] =
          dtype === 'float32'
            ? // NaN, infinity, −infinity, 0, 1e-40
              ([new Uint32Array(data.buffer), [0x7fc00000, 0x7f800000, 0xff800000, 0, 71362]] as const)
            : ([new Uint16Array(data.buffer), [0x7e01, 0x7c00, 0xfc00, 0, 1]] as const);
        values[below(rng, values.length)] = words[below(rng, 5)]!;
        const changed = new Map([...tensors, [name, { ...one, data }]]);
        return encodeSafetensors({ tensors: changed, metadata: { sshn: metadata.sshn! } });
      },
      () => undefined,
    );
    expect(kinds.refused).toBeGreaterThan(0);
    expect(kinds.opened).toBeGreaterThan(0);
  });
});

describe('files that ask for much', () => {
  beforeAll(() => useBackend('cpu'));

  const bad = (changes: object) => {
    const sshn = JSON.stringify({ format: 'sshn', version: 2, ...manifest, ...changes });
    return encodeSafetensors({ tensors: new Map(), metadata: { sshn } });
  };
  const network = (changes: object) => ({
    network: { architecture: 'unet', options: { ...options, ...changes } },
  });
  const hyper = (changes: object) => ({
    method: { kind: 'sshn', hypernetwork: { ...manifest.method.hypernetwork, ...changes } },
  });

  test.each<[string, () => Uint8Array]>([
    ['a width of a billion', () => bad(network({ features: [1e9, 1e9] }))],
    ['the largest widths', () => bad(network({ features: Array(16).fill(16_384) }))],
    ['a thousand stages', () => bad(network({ features: 8, stages: 1000 }))],
    ['a kernel of a million pixels', () => bad(network({ kernelSize: 1_000_001 }))],
    ['a million labels', () => bad(network({ outChannels: 1_000_000 }))],
    ['a hidden layer of a million units', () => bad(hyper({ hidden: [1_000_000] }))],
    ['a million hidden layers', () => bad(hyper({ hidden: Array(1_000_000).fill(1) }))],
    ['the widest hypernetwork', () => bad(hyper({ hidden: Array(16).fill(8192) }))],
    ['a million factors', () => bad(hyper({ factors: 1_000_000 }))],
    ['an infinite scale', () => bad(hyper({ residualScale: 1e300 }))],
    [
      'images of ten billion pixels',
      () => bad({ preprocessing: { ...usual.preprocessing, size: [60_000, 60_000] } }),
    ],
    [
      'a hundred thousand labels',
      () => bad({ labels: Array.from({ length: 100_000 }, (_, i) => ({ name: `${i}` })) }),
    ],
    [
      'a hundred thousand unknown keys',
      () => bad(Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [`k${i}`, 1]))),
    ],
    [
      'unknown options without end',
      () => bad(network(Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [`feature${i}`, 1])))),
    ],
    ['an option with a name of a megabyte', () => bad(network({ ['f'.repeat(1e6)]: 1 }))],
    ['a manifest of 5 MB', () => bad({ extra: 'x'.repeat(5e6) })],
    ['lists within lists', () => fileOf(`{"w":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)],
    [
      'a manifest of lists within lists',
      () =>
        encodeSafetensors({
          tensors: new Map(),
          metadata: { sshn: `{"format":"sshn","version":2,"labels":${'['.repeat(1e5)}${']'.repeat(1e5)}}` },
        }),
    ],
    [
      'two hundred thousand tensors',
      () =>
        fileOf(
          `{${Array.from({ length: 200_000 }, (_, i) => `"t${i}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`).join(',')}}`,
        ),
    ],
    [
      'a billion entries',
      () => fileOf('{"w":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4000000000]}}'),
    ],
  ])('%s: refused at once', (_, make) => {
    const bytes = make();
    const began = cpuMilliseconds();
    expect(open(bytes).kind).toBe('refused');
    expect(cpuMilliseconds() - began).toBeLessThan(mostMilliseconds);
  });
});
