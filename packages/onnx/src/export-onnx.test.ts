import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { architectureNames } from '@sshn/architectures';
import { initialize, namedParams, Rng, setting } from '@sshn/core';
import { warp } from '@sshn/registration';
import { python, pythonHas, useBackend, withoutLeak } from '@sshn-internal/testing';
import { cumsum, dispose, slice, type Tensor, tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
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
import { exportOnnx } from './export-onnx.js';

beforeAll(() => useBackend('wasm'));

/** The largest difference between our output and onnxruntime's, relative to our largest value. */
async function differenceOf(options: ExportCase, batch = 1): Promise<number> {
  const { network, at, size, channels, after = (x: Tensor) => x } = options;
  const params = noisyWeights(network);
  const bytes = await exportOnnx({ ...options, network, params });
  const rank = size.length;
  const firstToLast = [0, ...size.map((_, i) => i + 2), 1];
  const lastToFirst = [0, rank + 1, ...size.map((_, i) => i + 1)];
  const shape = [batch, channels, ...size];
  const values = noise(
    shape.reduce((product, n) => product * n, 1),
    11,
  );
  const [wanted, wantedShape] = tidy(() => {
    const x = transpose(tensor(values, shape), firstToLast);
    const y = transpose(after(network.apply(params, x, at)), lastToFirst);
    return [y.dataSync().slice(), y.shape] as const;
  });
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const result = (await session.run({ [session.inputNames[0]!]: new OrtTensor('float32', values, shape) }))[
    session.outputNames[0]!
  ]!;
  await session.release();
  dispose([...namedParams(params).values()]);
  expect(result.dims).toEqual(wantedShape);
  const got = result.data as Float32Array;
  let [worst, largest] = [0, 0];
  for (let i = 0; i < got.length; i++) {
    worst = Math.max(worst, Math.abs(got[i]! - wanted[i]!));
    largest = Math.max(largest, Math.abs(wanted[i]!));
  }
  return worst / largest;
}

test('gates are moved to where the feature maps are, not these to the gates', async () => {
  const network = smallNetwork('senet', 2);
  const params = initialize(network.specs, Rng.fromSeed(1));
  const bytes = await exportOnnx({ network, params, at: setting(0.4), size: [12, 10], channels: 2 });
  dispose([...namedParams(params).values()]);
  const names = new TextDecoder('latin1').decode(bytes).match(/[\w./]*\/Transpose/g)!;
  expect(names.filter((name) => !name.endsWith('gate/Transpose'))).toEqual([]);
});

describe('onnxruntime gives what our network gives', () => {
  test.each(architectureNames)(
    '%s, 2D and 3D, odd sizes, small and large factors, more than one image',
    async (name) => {
      for (const factor of [0, 0.13, 0.5, 1]) {
        const at = setting(factor);
        expect(
          await differenceOf({ network: smallNetwork(name, 2), at, size: [19, 14], channels: 2 }),
        ).toBeLessThan(1e-4);
        expect(
          await differenceOf({ network: smallNetwork(name, 3), at, size: [7, 10, 9], channels: 2 }),
        ).toBeLessThan(1e-4);
      }
      const at = setting(0.3);
      expect(
        await differenceOf({ network: smallNetwork(name, 2), at, size: [1, 17], channels: 2 }, 3),
      ).toBeLessThan(1e-4);
      expect(
        await differenceOf({ network: smallNetwork(name, 3), at, size: [5, 1, 6], channels: 2 }, 2),
      ).toBeLessThan(1e-4);
    },
  );

  test.each(architectureNames)('%s with fewer features, of a smaller image inside', async (name) => {
    for (const one of narrowCases(name)) expect(await differenceOf(one, 2)).toBeLessThan(1e-4);
  });

  test.each(unetOptions)('a U-Net with %j', async (more) => {
    for (const factor of [0, 0.3, 0.5]) {
      const at = setting(factor);
      const two = { network: smallNetwork('unet', 2, more), at, size: [17, 20], channels: 2 };
      expect(await differenceOf(two, 2)).toBeLessThan(1e-4);
      const three = { network: smallNetwork('unet', 3, more), at, size: [9, 8, 11], channels: 2 };
      expect(await differenceOf(three)).toBeLessThan(1e-4);
    }
  });

  test('separate factors', async () => {
    const at = setting([0.3, 0.7]);
    expect(
      await differenceOf({ network: smallNetwork('unet', 2), at, size: [19, 14], channels: 2 }),
    ).toBeLessThan(1e-4);
  });

  test.each(fieldCases)('displacement fields, %s', async (_, one) => {
    expect(await differenceOf(one())).toBeLessThan(1e-4);
  });
});

test('equal networks give equal bytes, and nothing is left behind', async () => {
  const network = smallNetwork('unet', 2);
  const params = initialize(network.specs, Rng.fromSeed(7));
  const options = {
    network,
    params,
    at: setting(0.25),
    size: [16, 16],
    channels: 2,
    metadata: { labels: '["a","b"]' },
  };
  const first = await exportOnnx(options);
  await withoutLeak(async () => expect(await exportOnnx(options)).toEqual(first));
  const session = await InferenceSession.create(first);
  expect([session.inputNames, session.outputNames]).toEqual([['image'], ['logits']]);
  await session.release();
});

test('a kernel without a counterpart is named, with its place', async () => {
  const network = smallNetwork('unet', 2);
  const params = initialize(network.specs, Rng.fromSeed(7));
  const exporting = exportOnnx({
    network,
    params,
    at: setting(0.5),
    size: [8, 8],
    channels: 2,
    after: (x) => cumsum(x, 1),
  });
  await expect(exporting).rejects.toThrow(
    "ONNX export: got kernel 'Cumsum' in the network, expected one of: Abs, Add,",
  );
  const reflecting = exportOnnx({
    network,
    params,
    at: setting(0.5),
    size: [8, 8],
    channels: 2,
    after: (x) => warp(x, slice(x, [0, 0, 0, 0], [-1, -1, -1, 2]), { padding: 'reflect' }),
  });
  await expect(reflecting).rejects.toThrow("kernel 'SshnWarp' in the network, expected padding 'border' or");
  await expect(exportOnnx({ network, params, at: setting(0.5), size: [8, 0], channels: 2 })).rejects.toThrow(
    'exportOnnx: size: 1: got 0',
  );
});

const hasChecker = pythonHas('onnx');

test.skipIf(!hasChecker)('the checker of the ONNX project accepts the file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sshn-onnx-'));
  try {
    const network = smallNetwork('senet', 2);
    const params = initialize(network.specs, Rng.fromSeed(7));
    const bytes = await exportOnnx({
      network,
      params,
      at: setting(0.25),
      size: [20, 16],
      channels: 2,
      metadata: { task: 'segmentation' },
    });
    await writeFile(join(folder, 'a.onnx'), bytes);
    const script = [
      'import onnx, sys',
      'model = onnx.load(sys.argv[1])',
      // Old checkers know fewer opsets than they can check.
      'known = onnx.defs.onnx_opset_version()',
      'model.opset_import[0].version = min(known, model.opset_import[0].version)',
      'model.ir_version = min(model.ir_version, onnx.IR_VERSION)',
      'onnx.checker.check_model(model)',
      'print([p.key + "=" + p.value for p in model.metadata_props], [n.op_type for n in model.graph.node].count("Conv"), model.graph.initializer[0].name)',
    ].join('\n');
    const { stdout, stderr } = spawnSync(python, ['-c', script, join(folder, 'a.onnx')], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(stdout).toContain("['task=segmentation']");
  } finally {
    await rm(folder, { recursive: true });
  }
});
