import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readModelFile } from '@sshn/model/node';
import { useBackend } from '@sshn-internal/testing';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { disks } from '../testing/disks.js';
import { decodeCheckpoint } from '../trainer/checkpoint.js';
import { loadRun, readRunFile, trainRun } from './index.js';

/** A run and its files, made by a release before options were described once; see the config in run.json. */
const old = fileURLToPath(new URL('../testing/old-run', import.meta.url));
const beside = (name: string) => fileURLToPath(new URL(`../testing/${name}`, import.meta.url));
const dataset = disks(8, [8, 8]);

let folder: string;
beforeAll(() => useBackend('cpu'));
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'sshn-old-')), 'run');
  await cp(old, folder, { recursive: true });
});
afterEach(() => rm(join(folder, '..'), { recursive: true }));

test('an older run is opened: its model predicts the same, its split is that of its seed, with a word on it', async () => {
  const expected = JSON.parse(await readFile(beside('old-run-expected.json'), 'utf8'));
  const run = await loadRun(folder);
  const { split, changes } = await run.match(dataset);
  expect(split).toEqual(expected.split);
  expect(changes[0]).toContain('The run keeps no split');
  const { image } = await dataset.load('disk-1');
  for (const [factor, labels] of Object.entries(expected.predictions)) {
    expect([...(await run.predict(image, Number(factor))).values].join('')).toBe(labels);
  }
  run.dispose();
  const { manifest } = await readModelFile(join(folder, 'best.safetensors'));
  expect(manifest.method.kind).toBe('sshn');
});

test('an older run that was cut goes on to the weights that the older release reached', async () => {
  const { config, data } = (await readRunFile(folder))!;
  const end = await trainRun({ folder, dataset, data, config });
  expect(end).toMatchObject({ reason: 'finished', epoch: 24 });
  const [got, expected] = await Promise.all(
    [join(folder, 'checkpoints', 'last.safetensors'), beside('old-run-finished.safetensors')].map(
      async (path) => decodeCheckpoint(await readFile(path), path).state,
    ),
  );
  expect([...got!.params.keys()]).toEqual([...expected!.params.keys()]);
  for (const group of ['params', 'optimizer'] as const) {
    for (const [name, tensor] of expected![group]) {
      const values = got![group].get(name)!.dataSync();
      tensor.dataSync().forEach((value, i) => {
        expect(Math.abs(values[i]! - value)).toBeLessThan(1e-5 * Math.max(1, Math.abs(value)));
      });
    }
  }
});
