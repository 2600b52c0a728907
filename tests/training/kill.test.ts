import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Rng } from '@sshn/core';
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

function start(run: string): ChildProcess {
  return spawn(process.execPath, [child, join(folder, run)], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Runs to the end, or kills the process a moment after a number of lines. Says whether it came to the end. */
async function train(
  run: string,
  kill?: { readonly afterLines: number; readonly delayMs: number },
): Promise<boolean> {
  const process = start(run);
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

test('a run killed at random moments ends with the bits of one that was not', {
  timeout: 240_000,
}, async () => {
  expect(await train('whole')).toBe(true);
  const whole = await results('whole');
  expect(whole.metrics.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3, 4]);

  const seed = Number(process.env.SSHN_TEST_SEED ?? Date.now() % 2 ** 32);
  console.log(`kill moments drawn with SSHN_TEST_SEED=${seed}`);
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
