import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileError, Rng } from '@sshn/core';
import { sharedFolder } from '@sshn-internal/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { splitIds } from '../dataset/split.js';
import { buildPng } from '../testing/build.js';
import { openFolder } from './open-folder.js';

const image = buildPng({ width: 2, height: 1, bits: 8, colorType: 0, pixels: [0, 0, 255] });
const labels = buildPng({ width: 2, height: 1, bits: 8, colorType: 0, pixels: [0, 0, 1] });
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sshn-data-'));
  for (const folder of ['images', 'labels']) await mkdir(join(root, 'cells', folder), { recursive: true });
  await writeFile(join(root, 'cells/images/a.png'), image);
  await writeFile(join(root, 'cells/labels/a.png'), labels);
});
afterAll(() => rm(root, { recursive: true }));

describe('openFolder', () => {
  it('reads a folder, with or without a slash behind it, through links', async () => {
    const dataset = await openFolder(join(root, 'cells/'));
    expect(dataset).toMatchObject({ name: 'cells', ids: ['a'], size: [1, 2], channels: 1 });
    const { image: loaded, labels: label } = await dataset.load('a');
    expect([[...loaded.values], [...label.values]]).toEqual([
      [0, 1],
      [0, 1],
    ]);
    await symlink(join(root, 'cells'), join(root, 'link'));
    expect((await openFolder(join(root, 'link'))).ids).toEqual(['a']);
  });

  it('refuses what does not exist, is no folder, is empty or vanishes, naming it', async () => {
    await expect(openFolder(join(root, 'nothing'))).rejects.toThrow(
      `${join(root, 'nothing')}: does not exist. Check`,
    );
    const file = join(root, 'cells/images/a.png');
    await expect(openFolder(file)).rejects.toThrow(
      `${file}: is not a folder. Give the folder that holds the images.`,
    );
    await mkdir(join(root, 'empty'));
    await expect(openFolder(join(root, 'empty'))).rejects.toThrow(
      `${join(root, 'empty')}: is an empty folder.`,
    );
    const dataset = await openFolder(join(root, 'cells'));
    await rm(file);
    await expect(dataset.load('a')).rejects.toThrow(`${file}: does not exist.`);
    await writeFile(file, image);
    await symlink(join(root, 'gone'), join(root, 'cells/images/b.png'));
    await expect(openFolder(join(root, 'cells'))).rejects.toThrow(/images\/b\.png: does not exist/);
    await rm(join(root, 'cells/images/b.png'));
  });

  it('finds files at any depth, once, though a link leads back', async () => {
    const deep = join(root, 'deep');
    for (const folder of ['images', 'labels'])
      await mkdir(join(deep, folder, 'p/q/r/s'), { recursive: true });
    await writeFile(join(deep, 'images/p/q/r/s/a.png'), image);
    await writeFile(join(deep, 'labels/p/q/r/s/a.png'), labels);
    await symlink(deep, join(deep, 'images/p/loop'));
    expect((await openFolder(deep)).ids).toEqual(['p/q/r/s/a']);
  });

  it.skipIf(process.platform === 'win32')('refuses pipes and devices before reading them', async () => {
    const file = join(root, 'cells/images/b.png');
    execFileSync('mkfifo', [file]);
    await expect(openFolder(join(root, 'cells'))).rejects.toThrow(`${file}: is a pipe, a socket or a device`);
    await rm(file);
    await symlink('/dev/zero', file);
    await expect(openFolder(join(root, 'cells'))).rejects.toThrow(`${file}: is a pipe, a socket or a device`);
    await rm(file);
  });

  it('opens few files at a time, however many are asked for at once', async () => {
    const many = join(root, 'many');
    for (const folder of ['images', 'labels']) await mkdir(join(many, folder), { recursive: true });
    await writeFile(join(many, 'labels.json'), '["background", "cell"]');
    for (let i = 0; i < 1500; i++) {
      await writeFile(join(many, `images/${i}.png`), image);
      await writeFile(join(many, `labels/${i}.png`), labels);
    }
    const before = (await readdir('/proc/self/fd').catch(() => [])).length;
    const dataset = await openFolder(many, { cache: false });
    const loads = dataset.ids.map((id) => dataset.load(id));
    let most = 0;
    const watch = setInterval(async () => {
      most = Math.max(most, (await readdir('/proc/self/fd').catch(() => [])).length - before);
    }, 1);
    await Promise.all(loads);
    clearInterval(watch);
    expect(dataset.ids).toHaveLength(1500);
    expect(most).toBeLessThan(100);
  });

  it.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
    'refuses files that may not be read, naming them',
    async () => {
      const file = join(root, 'cells/images/a.png');
      await chmod(file, 0);
      await expect(openFolder(join(root, 'cells'))).rejects.toThrow(
        `${file}: may not be read. Change its permissions.`,
      );
      await chmod(file, 0o644);
    },
  );
});

const wbc = sharedFolder('data/wbc');
describe.skipIf(wbc === undefined)('WBC as published', () => {
  it('has 400 images with all three labels, split 256 / 64 / 80', { timeout: 120_000 }, async () => {
    const dataset = await openFolder(wbc!, { size: [32, 32], cache: false });
    expect(dataset).toMatchObject({ name: 'wbc', size: [32, 32], channels: 3 });
    expect(dataset.labelNames).toEqual(['background', 'cytoplasm', 'nucleus']);
    expect(dataset.ids).toHaveLength(400);
    expect([dataset.ids[0], dataset.ids[399]]).toEqual(['Dataset 1/001', 'Dataset 2/100']);
    const { train, validation, test } = splitIds(dataset.ids, Rng.fromSeed(1));
    expect([train.length, validation.length, test.length]).toEqual([256, 64, 80]);
    const counts = [0, 0, 0];
    for (const id of dataset.ids) {
      const { image: loaded, labels: label } = await dataset.load(id);
      expect([loaded.size, loaded.channels]).toEqual([[32, 32], 3]);
      expect(new Set(label.values).size).toBe(3);
      for (const value of label.values) counts[value]!++;
    }
    // Shares over all pixels, known from the files themselves.
    const shares = counts.map((count) => count / (400 * 32 * 32));
    expect(shares[1]).toBeCloseTo(0.173, 2);
    expect(shares[2]).toBeCloseTo(0.119, 2);
  });

  it('is of several sizes, so a size has to be given', async () => {
    await expect(openFolder(wbc!)).rejects.toThrow(FileError);
    await expect(openFolder(wbc!)).rejects.toThrow(
      /Dataset 1\/072\.bmp: has 104 × 104 pixels, but Dataset 1\/001\.bmp has 120 × 120 pixels\. Give a size/,
    );
  });
});

const nerves = sharedFolder('data/ultrasound-nerves');
describe.skipIf(nerves === undefined)('a folder of images and masks', () => {
  it('of mixed sizes and channels is read once both are given', async () => {
    await expect(openFolder(nerves!, { size: [64, 64] })).rejects.toThrow(/is in color, but .* is grey/);
    const dataset = await openFolder(nerves!, { size: [64, 64], channels: 1, cache: false });
    expect(dataset.ids).toHaveLength(204);
    expect(dataset.labelNames).toEqual(['background', 'label 1', 'label 2']);
    const { image: loaded, labels: label } = await dataset.load(dataset.ids[40]!);
    expect([loaded.channels, loaded.size, label.size]).toEqual([1, [64, 64], [64, 64]]);
  });
});
