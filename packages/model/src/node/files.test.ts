import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileError, namedParams, Rng } from '@sshn/core';
import { backends, useBackend } from '@sshn-internal/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { manifest, smallModel } from '../testing/small-model.js';
import { readCheckpointFile, readModelFile, writeCheckpointFile, writeModelFile } from './files.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe.each(backends)('files on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('a model', async () => {
    const path = join(folder, 'unet.safetensors');
    const model = smallModel();
    await writeModelFile(path, model);
    const { params, ...loaded } = await readModelFile(path);
    expect(loaded.manifest).toMatchObject(manifest);
    for (const [name, tensor] of namedParams(model.params)) {
      expect(params.get(name)!.dataSync()).toEqual(tensor.dataSync());
    }
    expect(await readdir(folder)).toEqual(['unet.safetensors']);
  });

  test('a checkpoint', async () => {
    const path = join(folder, 'last.safetensors');
    const { params } = smallModel();
    const named = namedParams(params);
    const progress = {
      step: 3,
      epoch: 1,
      generator: Rng.fromSeed(1).state(),
      configHash: 'x',
      bestMetric: null,
      trainer: {},
    };
    await writeCheckpointFile(path, { params: named, optimizer: named, progress });
    const back = await readCheckpointFile(path);
    expect(back.progress).toEqual(progress);
    for (const [name, tensor] of named) {
      expect(back.params.get(name)!.dataSync()).toEqual(tensor.dataSync());
      expect(back.optimizer.get(name)!.dataSync()).toEqual(tensor.dataSync());
    }
  });
});

describe('files', () => {
  beforeAll(() => useBackend('cpu'));

  test('that are missing, cut short or something else are named', async () => {
    const missing = join(folder, 'missing.safetensors');
    await expect(readModelFile(missing)).rejects.toThrow(FileError);
    await expect(readCheckpointFile(missing)).rejects.toThrow(`${missing}: no such file or folder`);
    await expect(readModelFile(folder)).rejects.toThrow(`${folder}: this is a folder`);

    const path = join(folder, 'unet.safetensors');
    await writeModelFile(path, smallModel());
    await expect(readCheckpointFile(path)).rejects.toThrow(`${path}: not a checkpoint`);
    await truncate(path, 1000);
    await expect(readModelFile(path)).rejects.toThrow(`${path}: not a valid safetensors file`);
    await writeFile(path, 'version https://git-lfs.github.com/spec/v1\n');
    await expect(readModelFile(path)).rejects.toThrow('Git LFS pointer');
  });
});
