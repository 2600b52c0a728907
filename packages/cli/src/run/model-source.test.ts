import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileError } from '@sshn/core';
import { modelPath } from '@sshn/zoo/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { modelSource } from './model-source.js';

const before = process.cwd();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-names-'));
  process.chdir(folder);
});
afterAll(async () => {
  process.chdir(before);
  await rm(folder, { recursive: true, force: true });
});

test('a name is that of an included model, unless a file or folder has it', async () => {
  expect(await modelSource('cells')).toBe(modelPath('cells'));
  await mkdir('cells');
  expect(await modelSource('cells')).toBe('cells');
  await writeFile('volumes', '');
  expect(await modelSource('volumes')).toBe('volumes');
  expect(await modelSource('./cells')).toBe('./cells');
});

test.each(['cell', './ultrasound', 'runs/mine', 'toString'])(
  '%s is refused, with the names that there are',
  async (given) => {
    await expect(modelSource(given)).rejects.toThrow(FileError);
    await expect(modelSource(given)).rejects.toThrow(
      /an included model: cells, ultrasound, volumes, registration\./,
    );
  },
);
