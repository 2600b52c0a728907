import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Rng, SshnError } from '@sshn/core';
import { decodeSafetensors, encodeSafetensors, withChecksum } from '@sshn/model';
import { mutateBytes, mutateJson, useBackend } from '@sshn-internal/testing';
import { memory, tensor } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { disks, splitOf } from '../testing/disks.js';
import { decodeCheckpoint, encodeCheckpoint } from '../trainer/checkpoint.js';
import { MetricsLog } from './metrics-log.js';
import { readRunFile } from './run-file.js';
import { describeSplit, readStoredSplit, writeStoredSplit } from './stored-split.js';

/** How many mutated files are opened; more with SSHN_MUTATIONS=100000. */
const count = Number(process.env.SSHN_MUTATIONS ?? 20_000);
const seed = Number(process.env.SSHN_TEST_SEED ?? 1);
/** Longest time for one file: of the processor, as a machine may do other things too. */
const mostMilliseconds = 3_000;

function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** What reading gave, as text; of a refusal undefined. Anything but an error of ours is a fault. */
async function outcome(i: number, read: () => unknown): Promise<string | undefined> {
  const began = cpuMilliseconds();
  try {
    return JSON.stringify(await read());
  } catch (error) {
    if (!(error instanceof SshnError))
      throw new Error(`mutation ${i} of seed ${seed}: ${error}`, { cause: error });
    expect(error.message.length).toBeLessThan(30_000);
    return undefined;
  } finally {
    expect(cpuMilliseconds() - began).toBeLessThan(mostMilliseconds);
  }
}

describe('mutated checkpoints', () => {
  let good: Uint8Array;
  beforeAll(async () => {
    await useBackend('cpu');
    const params = new Map([['network.head.kernel', tensor([1, 2, 3, 4], [2, 2])]]);
    const optimizer = new Map([['first.network.head.kernel', tensor([0.1, 0, 0, 1], [2, 2])]]);
    const progress = {
      step: 12,
      epoch: 3,
      batch: 0,
      lossSum: 0,
      generator: Rng.fromSeed(1).state(),
      best: { dice: 0.5, epoch: 2 },
      validationsWithoutProgress: 1,
    };
    good = await encodeCheckpoint({ params, optimizer, progress }, 'abc');
  });

  const open = (bytes: Uint8Array) => {
    const before = memory().numTensors;
    try {
      const { state, configHash } = decodeCheckpoint(bytes, 'mutated');
      const tensors = [...state.params, ...state.optimizer];
      const bits = tensors.map(([name, one]) => [name, one.shape, [...one.dataSync()]]);
      for (const [, one] of tensors) one.dispose();
      return [bits, state.progress, configHash];
    } finally {
      expect(memory().numTensors).toBe(before);
    }
  };

  test('bytes: the same checkpoint, or an error', async () => {
    const same = JSON.stringify(open(good));
    for (let i = 0; i < 0.5 * count; i++) {
      const bytes = mutateBytes(good, Rng.fromSeed(seed).split(i));
      const found = await outcome(i, () => open(bytes));
      if (found !== undefined) expect(found).toBe(same);
    }
  });

  test('progress that somebody wrote on purpose: a checkpoint, or an error', async () => {
    const { tensors, metadata } = decodeSafetensors(good);
    const written = JSON.parse(metadata['sshn-checkpoint']!) as unknown;
    let refused = 0;
    for (let i = 0; i < 0.25 * count; i++) {
      const text = JSON.stringify(mutateJson(written, Rng.fromSeed(seed).split(i)));
      const bytes = encodeSafetensors(withChecksum({ tensors, metadata: { 'sshn-checkpoint': text } }));
      if ((await outcome(i, () => open(bytes))) === undefined) refused++;
    }
    expect(refused).toBeGreaterThan(0.2 * count * 0.25);
  });
});

describe('mutated files of a run folder', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sshn-mutations-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each<[string, () => Promise<string>, () => Promise<unknown>]>([
    [
      'run.json',
      () => readFile(fileURLToPath(new URL('../testing/old-run/run.json', import.meta.url)), 'utf8'),
      () => readRunFile(folder),
    ],
    [
      'split.json',
      async () => {
        const dataset = disks(6, [8, 8]);
        await writeStoredSplit(folder, await describeSplit(dataset, splitOf(dataset)));
        return readFile(join(folder, 'split.json'), 'utf8');
      },
      () => readStoredSplit(folder),
    ],
    [
      'metrics.jsonl',
      () => readFile(fileURLToPath(new URL('../testing/old-run/metrics.jsonl', import.meta.url)), 'utf8'),
      () => MetricsLog.epochsIn(folder),
    ],
  ])('%s', async (name, make, read) => {
    const good = await make();
    const bytes = new TextEncoder().encode(good);
    const lines = good.trim().split('\n');
    const values: unknown = name.endsWith('l') ? lines.map((line) => JSON.parse(line)) : JSON.parse(good);
    for (let i = 0; i < 0.04 * count; i++) {
      const rng = Rng.fromSeed(seed).split(i);
      const changed = mutateJson(values, rng);
      const text = name.endsWith('l')
        ? [changed]
            .flat()
            .map((one) => JSON.stringify(one))
            .join('\n')
        : JSON.stringify(changed);
      await writeFile(join(folder, name), i % 2 === 0 ? mutateBytes(bytes, rng) : text);
      await outcome(i, read);
    }
  });
});
