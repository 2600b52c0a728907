import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Rng } from '@sshn/core';
import { encodeNifti, volumeOf } from '@sshn/data';
import { decodeSafetensors } from '@sshn/model';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleSources } from '../../scripts/bundle-sources.mjs';

let child: string;
let folder: string;

beforeAll(async () => {
  const source = fileURLToPath(new URL('train-child.ts', import.meta.url));
  const programs = await bundleSources({ child: source }, fileURLToPath(new URL('.', import.meta.url)));
  child = join(programs, 'child.mjs');
  folder = await mkdtemp(join(tmpdir(), 'sshn-kill-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function start(run: string, more: readonly string[]): ChildProcess {
  const args = [child, join(folder, run), ...more];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Runs to the end, or kills the process a moment after a number of lines. Says whether it came to the end. */
async function train(
  run: string,
  kill?: { readonly afterLines: number; readonly delayMs: number },
  more: readonly string[] = [],
): Promise<boolean> {
  const process = start(run, more);
  let lines = 0;
  createInterface({ input: process.stdout! }).on('line', () => {
    lines += 1;
    if (lines === kill?.afterLines) setTimeout(() => process.kill('SIGKILL'), kill.delayMs);
  });
  const [code, signal] = (await once(process, 'exit')) as [number | null, string | null];
  if (code !== 0 && signal !== 'SIGKILL') throw new Error(`The training process ended with code ${code}.`);
  return code === 0;
}

/** What a run leaves behind: its last checkpoint and its best weights, bit by bit, and the course of its metrics. */
async function results(run: string) {
  const read = (name: string) => readFile(join(folder, run, name));
  const metrics = (await read('metrics.jsonl')).toString().trimEnd().split('\n');
  const { tensors } = decodeSafetensors(await read('best.safetensors')); // Its manifest holds the date.
  return {
    last: digest(await read('checkpoints/last.safetensors')),
    best: [...tensors].map(([name, { shape, data }]) => [name, shape.join(), digest(data)].join(' ')),
    metrics: metrics.map((line) => {
      const { epoch, phase, loss, learningRate, validation, isBest } = JSON.parse(line);
      return { epoch, phase, loss, learningRate, validation, isBest };
    }),
  };
}

function digest(bytes: NodeJS.ArrayBufferView): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const seed = Number(process.env.SSHN_TEST_SEED ?? Date.now() % 2 ** 32);
console.log(`kill moments drawn with SSHN_TEST_SEED=${seed}`);

test('a run killed at random moments ends with the bits of one that was not', {
  timeout: 240_000,
}, async () => {
  expect(await train('whole')).toBe(true);
  const whole = await results('whole');
  expect(whole.metrics.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3, 4]);

  const rng = Rng.fromSeed(seed);
  let kills = 0;
  // Lines come at every step (8 an epoch) and epoch, so these moments fall into steps, validations and checkpoints.
  while (
    !(await train(
      'killed',
      kills < 4 ? { afterLines: 1 + rng.integer(18), delayMs: rng.integer(60) } : undefined,
    ))
  ) {
    kills += 1;
  }
  expect(kills).toBeGreaterThanOrEqual(2);
  expect(await results('killed')).toEqual(whole);
  expect(await readdir(join(folder, 'killed', 'checkpoints'))).toEqual(['last.safetensors']);
});

test('a run killed while it prepares images on disk, or trains on patches of them, ends with the bits of one that was not, and prepares none twice', async () => {
  const images = join(folder, 'volumes');
  const count = 12;
  await writeVolumes(images, count);
  const store = (name: string) => join(folder, `${name}-prepared`);
  const run = (name: string, kill?: Parameters<typeof train>[1]) => train(name, kill, [images, store(name)]);
  /** The content of every file that is whole, and the number by which the disk knows it. */
  const prepared = async (name: string) => {
    const names = (await readdir(store(name)).catch(() => [])).filter((file) => !file.endsWith('.tmp'));
    const files = names.map(async (file) => {
      const path = join(store(name), file);
      return [file, digest(await readFile(path)), (await stat(path)).ino] as const;
    });
    return Promise.all(files);
  };
  expect(await run('volumes-whole')).toBe(true);

  const rng = Rng.fromSeed(seed);
  let before: Awaited<ReturnType<typeof prepared>> = [];
  // The last falls into the steps.
  for (const afterLines of [3, 9, count + 7]) {
    expect(await run('volumes-killed', { afterLines, delayMs: rng.integer(4) })).toBe(false);
    const after = await prepared('volumes-killed');
    expect(after).toEqual(expect.arrayContaining(before));
    before = after;
  }
  expect(before.length).toBeGreaterThan(0);
  expect(await run('volumes-killed')).toBe(true);
  const after = await prepared('volumes-killed');
  expect(after).toHaveLength(count);
  expect(after).toEqual(expect.arrayContaining(before));
  const contents = (files: typeof after) => files.map(([file, content]) => `${file} ${content}`).sort();
  expect(contents(after)).toEqual(contents(await prepared('volumes-whole')));
  expect(await results('volumes-killed')).toEqual(await results('volumes-whole'));
});

/** Noise with labels that follow it, `[10, 12, 9]` voxels. */
async function writeVolumes(path: string, count: number): Promise<void> {
  const rng = Rng.fromSeed(5);
  const shape = [10, 12, 9] as const;
  for (const part of ['images', 'labels']) await mkdir(join(path, part), { recursive: true });
  for (let i = 0; i < count; i++) {
    const values = Float32Array.from({ length: 10 * 12 * 9 }, () => rng.normal());
    const labels = Uint8Array.from(values, (value) => Number(value > 0.5));
    await writeFile(join(path, 'images', `${i}.nii.gz`), encodeNifti(volumeOf(values, shape)));
    await writeFile(join(path, 'labels', `${i}.nii.gz`), encodeNifti(volumeOf(labels, shape)));
  }
}
