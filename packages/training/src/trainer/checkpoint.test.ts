import { ConfigError, FileError, Rng, ValueError } from '@sshn/core';
import { decodeSafetensors, encodeSafetensors, withChecksum } from '@sshn/model';
import { backends, useBackend, withoutLeak } from '@sshn-internal/testing';
import { dispose, scalar, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeCheckpoint, encodeCheckpoint, type TrainerState } from './checkpoint.js';
import type { Progress } from './progress.js';

const progress: Progress = {
  step: 1234,
  epoch: 5,
  batch: 3,
  lossSum: 1e-300,
  generator: Rng.fromSeed(9).state(),
  best: { dice: 0.1 + 0.2, epoch: 2 },
  validationsWithoutProgress: 3,
};

/** Values that a careless reader or writer would change: −0, subnormal, the largest and the smallest. */
const awkward = Float32Array.of(
  -0,
  1.401298464324817e-45,
  -1e-40,
  1.1754943508222875e-38,
  -3.4028234663852886e38,
  0.1,
  3.4028234663852886e38,
  1 / 3,
);

const checkpoint = (): TrainerState => ({
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

/** The progress of a checkpoint as its file has it. */
const progressText = JSON.stringify({
  version: 1,
  step: 1234,
  epoch: 5,
  generator: progress.generator,
  configHash: 'abc',
  bestMetric: progress.best!.dice,
  trainer: { batch: 3, lossSum: 1e-300, best: progress.best, validationsWithoutProgress: 3 },
});

const bits = (t: Tensor) => {
  const values = t.dataSync() as Float32Array;
  return Array.from(new Uint32Array(values.buffer, values.byteOffset, values.length));
};

describe.each(backends)('checkpoints on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('come back with every bit, shape and name', async () => {
    const given = checkpoint();
    const { state: back, configHash } = decodeCheckpoint(await encodeCheckpoint(given, 'abc'));
    expect(configHash).toBe('abc');
    expect(back.progress).toEqual(progress);
    for (const group of ['params', 'optimizer'] as const) {
      expect([...back[group].keys()]).toEqual([...given[group].keys()]);
      for (const [name, expected] of given[group]) {
        expect(back[group].get(name)!.shape).toEqual(expected.shape);
        expect(bits(back[group].get(name)!)).toEqual(bits(expected));
      }
    }
    const again = await encodeCheckpoint(back, 'abc');
    expect(again).toEqual(await encodeCheckpoint(given, 'abc'));
  });

  test('keep nothing else alive', async () => {
    const given = checkpoint();
    const bytes = await withoutLeak(() => encodeCheckpoint(given, 'abc'));
    await withoutLeak(() => {
      const { params, optimizer } = decodeCheckpoint(bytes).state;
      dispose([...params.values(), ...optimizer.values()]);
    });
  });
});

describe('checkpoints', () => {
  beforeAll(() => useBackend('cpu'));

  test.each<[string, Partial<Progress>]>([
    ['a fractional step', { step: 0.5 }],
    ['a score that JSON cannot hold', { best: { dice: Number.NaN, epoch: 1 } }],
    ['a generator of three words', { generator: [1, 2, 3] as unknown as Progress['generator'] }],
    ['an infinite loss', { lossSum: Infinity }],
  ])('with %s are not written', async (_, change) => {
    const state = { ...checkpoint(), progress: { ...progress, ...change } };
    await expect(encodeCheckpoint(state, 'abc')).rejects.toThrow(ConfigError);
  });

  test('of integers, NaN or infinity are not written', async () => {
    for (const bad of [tensor([1], [1], 'int32'), tensor([1, Number.NaN]), tensor([-Infinity])]) {
      for (const group of ['params', 'optimizer'] as const) {
        const state = { ...checkpoint(), [group]: new Map([['count', bad]]) };
        await expect(encodeCheckpoint(state, 'abc')).rejects.toThrow(ValueError);
      }
    }
  });

  test.each([Number.NaN, Infinity, -Infinity])('that hold %s are refused', async (bad) => {
    const { tensors, metadata } = decodeSafetensors(await encodeCheckpoint(checkpoint(), 'abc'));
    const name = 'params/head.bias';
    const data = new Uint8Array(Float32Array.of(bad).buffer);
    const changed = {
      tensors: new Map([...tensors, [name, { dtype: 'F32', shape: [], data } as const]]),
      metadata,
    };
    expect(() => decodeCheckpoint(encodeSafetensors(changed))).toThrow('its checksum is wrong');
    const bytes = encodeSafetensors(withChecksum(changed));
    expect(() => decodeCheckpoint(bytes, 'last.safetensors')).toThrow(
      `last.safetensors: tensor 'params/head.bias' holds ${bad}`,
    );
  });

  test.each<[string, string, string, string]>([
    [
      'another tree',
      'stray',
      'sshn-checkpoint',
      "tensor 'stray' is neither under params/ nor under optimizer/",
    ],
    ['the name of a method', 'constructor/x', 'sshn-checkpoint', "tensor 'constructor/x' is neither"],
    ['no progress', 'stray', 'other', "its metadata has no 'sshn-checkpoint'"],
  ])('with %s are refused', (_, name, key, message) => {
    const bytes = encodeSafetensors({
      tensors: new Map([[name, { dtype: 'F32', shape: [1], data: new Uint8Array(4) }]]),
      metadata: { [key]: progressText },
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

  test('are not mistaken for models', () => {
    const bytes = encodeSafetensors({ tensors: new Map(), metadata: { sshn: '{}' } });
    expect(() => decodeCheckpoint(bytes)).toThrow("not a checkpoint: its metadata has no 'sshn-checkpoint'");
  });
});
