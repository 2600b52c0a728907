import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileError } from '@sshn/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseRunConfig } from '../config/run-config.js';
import { disks } from '../testing/disks.js';
import { claimRunFolder, describeRun, readRunFile } from './run-file.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-run-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const data = { path: '/images', layout: 'generic' };
const run = describeRun(parseRunConfig({ epochs: 3 }, 'test'), data, disks(5, [8, 8]));

describe('run folder', () => {
  test('is made once, then recognized', async () => {
    const path = join(folder, 'made', 'here');
    expect(await claimRunFolder(path, run)).toBe(false);
    expect(await claimRunFolder(path, run)).toBe(true);
    expect(await readRunFile(path)).toEqual(run);
    expect((await readdir(path)).sort()).toEqual(['run.json']);
  });

  test('keeps what labels are in files, and takes a folder of an older release that does not', async () => {
    const colors = [undefined, [1, 2, 3]] as const;
    const codes = [undefined, { type: { value: '10200004', scheme: 'SCT', meaning: 'Liver' } }] as const;
    const images = { ...disks(5, [8, 8]), labelValues: [0, 255], labelColors: colors, labelCodes: codes };
    const labelled = describeRun(run.config, data, images);
    expect(labelled.labels).toEqual([{ value: 0 }, { value: 255, color: [1, 2, 3], codes: codes[1] }]);
    expect(run.labels).toBeUndefined();
    const path = join(folder, 'labelled');
    await claimRunFolder(path, labelled);
    expect(await readRunFile(path)).toEqual(labelled);
    const others = describeRun(run.config, data, { ...images, labelValues: [0, 128] });
    await expect(claimRunFolder(path, others)).rejects.toThrow(/another labels/);
    const older = join(folder, 'older');
    await claimRunFolder(older, run);
    expect(await claimRunFolder(older, labelled)).toBe(true);
  });

  test('of another run is refused, with what differs, and left as it is', async () => {
    const path = join(folder, 'other');
    await claimRunFolder(path, run);
    const before = await readFile(join(path, 'run.json'), 'utf8');
    const other = describeRun(
      parseRunConfig({ epochs: 4, optimizer: { learningRate: 1 } }, 'test'),
      data,
      disks(6, [8, 8]),
    );
    await expect(claimRunFolder(path, other)).rejects.toThrow(
      'this folder holds a run with another config.epochs, config.optimizer.learningRate, dataset.images. Train into another folder',
    );
    expect(await readFile(join(path, 'run.json'), 'utf8')).toBe(before);
  });

  test('that is none reads as undefined; a damaged one is an error that names it', async () => {
    expect(await readRunFile(join(folder, 'nowhere'))).toBeUndefined();
    for (const text of ['{', '{}', JSON.stringify({ ...run, version: 2 })]) {
      await writeFile(join(folder, 'run.json'), text);
      const error = await readRunFile(folder).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(FileError);
      expect((error as FileError).message).toContain(join(folder, 'run.json'));
      expect((error as FileError).message).not.toContain('\n');
    }
  });
});
