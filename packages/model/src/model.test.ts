import { FileError, namedParams, paramTree, StructureError, setting } from '@sshn/core';
import { backends, useBackend, withoutLeak } from '@sshn-internal/testing';
import { dispose, fill, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadModel, saveModel } from './model.js';
import { withChecksum } from './safetensors/checksum.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors/safetensors.js';
import { manifest, options, smallModel, smallNetwork } from './testing/small-model.js';

const values = (tensors: ReadonlyMap<string, Tensor>) =>
  new Map([...tensors].map(([path, tensor]) => [path, tensor.dataSync()]));

describe.each(backends)('models on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('weights, manifest and predictions come back exactly', async () => {
    const network = smallNetwork();
    const model = smallModel();
    const loaded = loadModel(await saveModel(model));
    expect(loaded.manifest).toEqual({ format: 'sshn', version: 2, ...manifest });
    const before = namedParams(model.params);
    expect([...loaded.params.keys()]).toEqual([...before.keys()]);
    expect(values(loaded.params)).toEqual(values(before));

    const image = fill([1, 5, 7, 3], 0.3);
    const at = setting(0.4);
    const expected = network.apply(model.params, image, at).dataSync();
    const params = paramTree(network.specs, loaded.params);
    expect(network.apply(params, image, at).dataSync()).toEqual(expected);
  });

  test('saving and loading keep nothing else alive, not even when they fail', async () => {
    const model = smallModel();
    const bytes = await withoutLeak(() => saveModel(model));
    await withoutLeak(() => dispose([...loadModel(bytes).params.values()]));
    const { tensors, metadata } = decodeSafetensors(bytes);
    const first = [...tensors.keys()].at(-1)!;
    const { shape } = tensors.get(first)!;
    const size = 2 * shape.reduce((product, n) => product * n, 1);
    const half = { dtype: 'BF16', shape, data: new Uint8Array(size) } as const;
    const mixed = encodeSafetensors(
      withChecksum({ tensors: new Map([...tensors, [first, half]]), metadata }),
    );
    await withoutLeak(() => {
      expect(() => loadModel(mixed, 'm')).toThrow(`m: tensor '${first}' is BF16, expected F32 or F16`);
    });
  });
});

describe('models', () => {
  beforeAll(() => useBackend('cpu'));

  test('weights as float16: half the bytes, each the nearest 16-bit float, and the manifest says so', async () => {
    const model = smallModel();
    const [exact, rounded] = [await saveModel(model), await saveModel(model, { dtype: 'float16' })];
    const count = [...namedParams(model.params).values()].reduce((sum, { size }) => sum + size, 0);
    expect(exact.length - rounded.length).toBeGreaterThan(2 * count - 400);
    expect([...decodeSafetensors(rounded).tensors.values()].every(({ dtype }) => dtype === 'F16')).toBe(true);
    const { manifest: told, params } = loadModel(rounded);
    expect(told.rounded).toEqual({ dtype: 'float16' });
    const before = values(namedParams(model.params));
    for (const [path, found] of values(params)) {
      for (const [i, value] of found.entries()) {
        const wanted = before.get(path)![i]!;
        // Half a unit in the last of 11 places, or of 2⁻²⁴.
        expect(Math.abs(value - wanted)).toBeLessThanOrEqual(Math.max(Math.abs(wanted) * 2 ** -11, 2 ** -25));
      }
    }
    // Once rounded, always the same: with what was measured, in 16 bits and in 32.
    const measured = { data: 'cells', images: 3, points: [{ factor: 0.5, before: 0.9, after: 0.89 }] };
    const again = {
      ...model,
      params: paramTree(model.specs, params),
      manifest: { ...manifest, rounded: { dtype: 'float16' as const, measured } },
    };
    for (const dtype of ['float16', 'float32'] as const) {
      const loaded = loadModel(await saveModel(again, { dtype }));
      expect(values(loaded.params)).toEqual(values(params));
      expect(loaded.manifest.rounded).toEqual({ dtype: 'float16', measured });
    }
  });

  test('a weight beyond ±65504 is refused as float16, and stays as float32', async () => {
    const model = smallModel();
    const named = new Map(namedParams(model.params));
    const [path, first] = [...named][0]!;
    const params = paramTree(model.specs, named.set(path, fill(first.shape, -65520)));
    await expect(saveModel({ ...model, params }, { dtype: 'float16' })).rejects.toThrow(
      `tensor '${path}' as float16: got -65520, expected numbers from -65504 to 65504. Save the weights as float32.`,
    );
    expect(
      loadModel(await saveModel({ ...model, params }))
        .params.get(path)!
        .dataSync()[0],
    ).toBe(-65520);
  });

  test('equal models have equal bytes, names in canonical order', async () => {
    const bytes = await saveModel(smallModel());
    expect(await saveModel(smallModel())).toEqual(bytes);
    const { params } = smallModel();
    expect([...decodeSafetensors(bytes).tensors.keys()]).toEqual([...namedParams(params).keys()]);
  });

  test.each([Number.NaN, Infinity, -Infinity])('a weight of %s is refused, and named', async (bad) => {
    const { tensors, metadata } = decodeSafetensors(await saveModel(smallModel()));
    const [name, raw] = [...tensors].at(-1)!;
    const data = Uint8Array.from(raw.data);
    new Float32Array(data.buffer)[0] = bad;
    const changed = { tensors: new Map([...tensors, [name, { ...raw, data }]]), metadata };
    expect(() => loadModel(encodeSafetensors(changed), 'm')).toThrow('m: its checksum is wrong');
    const bytes = encodeSafetensors(withChecksum(changed));
    await withoutLeak(() => {
      expect(() => loadModel(bytes, 'm')).toThrow(`m: tensor '${name}' holds ${bad}`);
    });
  });

  test('parameters that do not fit are refused, and so are files that are no models', async () => {
    const model = smallModel();
    const other = { ...model, params: { ...model.params, network: { stray: fill([1], 0) } } };
    await expect(saveModel(other)).rejects.toThrow(StructureError);
    const bare = encodeSafetensors({ tensors: new Map(), metadata: {} });
    expect(() => loadModel(bare, 'bare.safetensors')).toThrow(FileError);
    expect(() => loadModel(bare, 'bare.safetensors')).toThrow(/^bare\.safetensors: /);
  });

  test('a manifest that describes another network is refused, where it is written and where it is read', async () => {
    const model = smallModel();
    const plain = { kind: 'fixed' as const, factor: 0.5 };
    for (const changes of [
      { method: plain, prior: { kind: 'constant' as const, factor: 0.5 } },
      { network: { architecture: 'unet' as const, options: { ...options, features: [4, 5] } } },
      { network: { architecture: 'unet' as const, options: { ...options, features: [4, 6, 8] } } },
    ]) {
      const told = { ...manifest, ...changes };
      await expect(saveModel({ ...model, manifest: told })).rejects.toThrow(
        'saveModel: manifest: got "a description of another network',
      );
      const { tensors } = decodeSafetensors(await saveModel(model));
      const sshn = JSON.stringify({ format: 'sshn', version: 2, ...told });
      const bytes = encodeSafetensors({ tensors, metadata: { sshn } });
      await withoutLeak(() => {
        expect(() => loadModel(bytes, 'm')).toThrow(FileError);
        expect(() => loadModel(bytes, 'm')).toThrow('m: its weights are not those of the network');
      });
    }
  });

  test('what is loaded does not hang on the bytes', async () => {
    const bytes = await saveModel(smallModel());
    const { params } = loadModel(bytes);
    const [path, tensor] = [...params][0]!;
    const before = tensor.dataSync().slice();
    bytes.fill(0xff);
    expect(params.get(path)!.dataSync()).toEqual(before);
  });
});
