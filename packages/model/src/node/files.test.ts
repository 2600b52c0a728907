import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileError, namedParams } from '@sshn/core';
import { backends, useBackend } from '@sshn-internal/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { manifest, smallModel } from '../testing/small-model.js';
import { readModelFile, readRegularFile, writeModelFile } from './files.js';

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
});

describe('files', () => {
  beforeAll(() => useBackend('cpu'));

  test('that are missing, cut short or something else are named', async () => {
    const missing = join(folder, 'missing.safetensors');
    await expect(readModelFile(missing)).rejects.toThrow(FileError);
    await expect(readRegularFile(missing)).rejects.toThrow(`${missing}: no such file or folder`);
    await expect(readModelFile(folder)).rejects.toThrow(`${folder}: this is a folder`);

    const path = join(folder, 'unet.safetensors');
    await writeModelFile(path, smallModel());
    await truncate(path, 1000);
    await expect(readModelFile(path)).rejects.toThrow(`${path}: not a valid safetensors file`);
    await writeFile(path, 'version https://git-lfs.github.com/spec/v1\n');
    await expect(readModelFile(path)).rejects.toThrow('Git LFS pointer');
  });
});
