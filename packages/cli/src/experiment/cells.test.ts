import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { settleHash, stateOf } from './cells.js';
import { type Cell, planOf } from './plan.js';

let folder: string;
let cell: Cell;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-cells-'));
  cell = planOf({ data: 'phantoms' }, 'x.yaml', folder).cells[0]!;
  await mkdir(cell.folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

const path = () => join(cell.folder, 'results.json');
const results = (hash: string) => ({
  hash,
  version: '1',
  finished: 'then',
  seconds: 3,
  results: [],
  more: 1,
});
const write = (hash: string) => writeFile(path(), JSON.stringify(results(hash)));
/** As a release with another default sees it. */
const later = () => stateOf({ ...cell, formerHash: 'other' });

test('results of what is declared are found, those of anything else are not', async () => {
  await write(cell.hash);
  expect((await later()).kind).toBe('done');
  await write('other declaration');
  expect((await stateOf(cell)).kind).toBe('waiting');
  await settleHash(cell);
  expect(JSON.parse(await readFile(path(), 'utf8'))).toEqual(results('other declaration'));
});

test('results of an older release are found, and once settled also when a default has changed', async () => {
  await write(cell.formerHash);
  expect((await stateOf(cell)).kind).toBe('done');
  expect((await later()).kind).toBe('waiting');
  await settleHash(cell);
  expect(JSON.parse(await readFile(path(), 'utf8'))).toEqual(results(cell.hash));
  expect((await later()).kind).toBe('done');
});

test('a failure of an older release is one still', async () => {
  await writeFile(
    join(cell.folder, 'failed.json'),
    JSON.stringify({ hash: cell.formerHash, message: 'no memory' }),
  );
  expect(await stateOf(cell)).toEqual({ kind: 'failed', message: 'no memory' });
});
