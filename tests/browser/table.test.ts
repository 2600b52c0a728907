import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { known } from './conformance/known.js';
import { cases } from './conformance/run.js';
import { compatibilityTable, readTable } from './conformance/table.js';

test('the table in the README of @sshn/core is what conformance finds', async () => {
  const readme = await readFile(new URL('../../packages/ops/README.md', import.meta.url), 'utf8');
  const section = readme.slice(readme.indexOf('## Backends'));
  expect(readTable(section)).toEqual(compatibilityTable(cases, known));
});

test('a case that is known to fail makes a cross with its reason', () => {
  const table = compatibilityTable(cases, { webgl: { 'loss focal': 'no luck', 'loss focal 3D': 'no luck' } });
  expect(table.map(([, , webgl]) => webgl)).toEqual([
    'webgl',
    '❌ no luck',
    '✅',
    '✅',
    '✅',
    '✅',
    '✅',
    '✅',
  ]);
});

test('every row has cases', () => {
  const everything = Object.fromEntries(cases.map(({ name }) => [name, 'x']));
  const table = compatibilityTable(cases, { wasm: everything });
  expect(table.slice(1).map(([, wasm]) => wasm)).toEqual(Array(7).fill('❌ x'));
});
