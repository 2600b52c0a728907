import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';

import { bytesOf, STRUCTS, writeStruct } from './layout.js';

it('what is generated from layout.ts, jobs.ts and assembly/ is current', { timeout: 180_000 }, () => {
  const script = fileURLToPath(new URL('../../scripts/build-assembly.ts', import.meta.url));
  execFileSync(process.execPath, ['--import', 'tsx', '--conditions=@sshn/source', script, '--check']);
});

it('a struct is written field by field, floats as floats', () => {
  const words = new Int32Array(8);
  const floats = new Float32Array(words.buffer);
  writeStruct(words, floats, 8, 'LeakyArgs', [
    { slope: 0.25, count: 4, dx: 3 },
    { dx: 9, y: 2, dy: 4_000_000_000 },
  ]);
  expect([words[0], words[1]!, words[2]! >>> 0, ...words.subarray(3, 6), floats[6], words[7]]).toEqual([
    0, 0, 4_000_000_000, 2, 3, 4, 0.25, 0,
  ]);
  expect(bytesOf('LeakyArgs')).toBe(20);
  expect(Object.keys(STRUCTS.LeakyArgs)).toEqual(['dy', 'y', 'dx', 'count', 'slope']);
});
