import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileError } from '@sshn/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { placeOf, settleIn } from './place.js';

let folder: string;
const at = (...path: string[]) => join(folder, ...path);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-place-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a folder of results knows its file, also after both were moved together', async () => {
  expect(await placeOf('some/methods.yaml')).toEqual({
    file: 'some/methods.yaml',
    out: join('runs', 'methods'),
  });
  await mkdir(at('a'));
  await writeFile(at('a', 'methods.yaml'), 'data: phantoms');
  const named = await placeOf(at('a', 'methods.yaml'), at('a', 'runs', 'methods'));
  await settleIn(named);
  expect(await placeOf(at('a', 'runs', 'methods'))).toEqual(named);
  await rename(at('a'), at('b'));
  const moved = await placeOf(at('b', 'runs', 'methods'));
  expect(moved).toEqual({ file: at('b', 'methods.yaml'), out: at('b', 'runs', 'methods') });
  await rm(at('b', 'methods.yaml'));
  await expect(placeOf(moved.out)).rejects.toThrow(/methods\.yaml.*is not there any more.*FILE -o/);
});

test.each([
  ['nothing', undefined],
  ['no file', '{}'],
  ['a number', '{ "file": 3 }'],
  ['no JSON', '{'],
])('a folder that holds %s of an experiment is refused', async (_, content) => {
  if (content !== undefined) await writeFile(at('experiment.json'), content);
  await expect(placeOf(folder)).rejects.toThrow(FileError);
});
