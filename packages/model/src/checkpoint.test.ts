import { FileError, Rng, ValueError } from '@sshn/core';
import { backends, useBackend, withoutLeak } from '@sshn-internal/testing';
import { dispose, scalar, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, type Progress } from './checkpoint.js';
import { SchemaError } from './manifest/faults.js';
import { saveModel } from './model.js';
import { encodeSafetensors } from './safetensors/safetensors.js';
import { float32Bytes } from './testing/reference-files.js';
import { smallModel } from './testing/small-model.js';

const progress: Progress = {
  step: 1234,
  epoch: 5,
  generator: Rng.fromSeed(9).state(),
  configHash: 'abc',
  bestMetric: 0.1 + 0.2,
  trainer: { patienceLeft: 3, history: [0.5, 1e-300], note: null },
};

/** Values that a careless reader or writer would change: −0, subnormal, infinite, NaN, the largest and the smallest. */
const awkward = Float32Array.of(
  -0,
  1.401298464324817e-45,
  -1e-40,
  Infinity,
  -Infinity,
  Number.NaN,
  3.4028234663852886e38,
  1 / 3,
);

const checkpoint = (): Checkpoint => ({
  params: new Map<string, Tensor>([
    ['encoder.0.kernel', tensor(awkward, [2, 4])],
    ['head.bias', scalar(2)],
  ]),
  optimizer: new Map<string, Tensor>([
    ['first.encoder.0.kernel', tensor(awkward, [2, 4])],
    ['first.head.bias', zeros([0])],
  ]),
  progress,
});

const bits = (t: Tensor) => {
  const values = t.dataSync() as Float32Array;
  return Array.from(new Uint32Array(values.buffer, values.byteOffset, values.length));
};

describe.each(backends)('checkpoints on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('come back with every bit, shape and name', async () => {
    const given = checkpoint();
    const back = decodeCheckpoint(await encodeCheckpoint(given));
    expect(back.progress).toEqual(progress);
    for (const group of ['params', 'optimizer'] as const) {
      expect([...back[group].keys()]).toEqual([...given[group].keys()]);
      for (const [name, expected] of given[group]) {
        expect(back[group].get(name)!.shape).toEqual(expected.shape);
        expect(bits(back[group].get(name)!)).toEqual(bits(expected));
      }
    }
    const again = await encodeCheckpoint(back);
    expect(again).toEqual(await encodeCheckpoint(given));
  });

  test('keep nothing else alive', async () => {
    const given = checkpoint();
    const bytes = await withoutLeak(() => encodeCheckpoint(given));
    await withoutLeak(() => {
      const { params, optimizer } = decodeCheckpoint(bytes);
      dispose([...params.values(), ...optimizer.values()]);
    });
  });
});

describe('checkpoints', () => {
  beforeAll(() => useBackend('cpu'));

  test.each<[string, Partial<Progress>]>([
    ['a fractional step', { step: 0.5 }],
    ['a metric that JSON cannot hold', { bestMetric: Number.NaN }],
    ['a generator of three words', { generator: [1, 2, 3] as unknown as Progress['generator'] }],
    ['infinity among the trainer’s own', { trainer: { best: Infinity } }],
  ])('with %s are not written', async (_, change) => {
    await expect(encodeCheckpoint({ ...checkpoint(), progress: { ...progress, ...change } })).rejects.toThrow(
      SchemaError,
    );
  });

  test('of integers are not written', async () => {
    const params = new Map([['count', tensor([1], [1], 'int32')]]);
    await expect(encodeCheckpoint({ ...checkpoint(), params })).rejects.toThrow(ValueError);
  });

  test.each<[string, string, string]>([
    ['another tree', 'sshn-checkpoint', "tensor 'stray' is neither under params/ nor under optimizer/"],
    ['no progress', 'other', "its metadata has no 'sshn-checkpoint'"],
  ])('with %s are refused', (_, key, message) => {
    const bytes = encodeSafetensors({
      tensors: new Map([['stray', { dtype: 'F32', shape: [1], data: float32Bytes(1) }]]),
      metadata: { [key]: JSON.stringify({ version: 1, ...progress }) },
    });
    expect(() => decodeCheckpoint(bytes, 'last.safetensors')).toThrow(FileError);
    expect(() => decodeCheckpoint(bytes, 'last.safetensors')).toThrow(message);
  });

  test.each([
    ['{', 'is not JSON'],
    ['{"version":2}', 'does not fit the schema'],
  ])('with the progress %s are refused', (text, message) => {
    const bytes = encodeSafetensors({ tensors: new Map(), metadata: { 'sshn-checkpoint': text } });
    expect(() => decodeCheckpoint(bytes, 'last.safetensors')).toThrow(message);
  });

  test('are told from models', async () => {
    const bytes = await saveModel(smallModel());
    expect(() => decodeCheckpoint(bytes)).toThrow("not a checkpoint: its metadata has no 'sshn-checkpoint'");
  });
});
