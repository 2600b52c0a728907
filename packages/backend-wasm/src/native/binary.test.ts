import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';

import { bytesOf, STRUCTS, writeStruct } from './layout.js';

it('what is generated from layout.ts, jobs.ts and assembly/ is current', { timeout: 180_000 }, () => {
  const script = fileURLToPath(new URL('../../scripts/build-assembly.ts', import.meta.url));
  execFileSync(process.execPath, ['--import', 'tsx', '--conditions=@sshn/source', script, '--check']);
});

it('a struct is written field by field, floats as floats', () => {
  const words = new Int32Array(10);
  const floats = new Float32Array(words.buffer);
  writeStruct(words, floats, 8, 'ElementwiseArgs', [
    { slope: 0.25, count: 4, kind: 3, y: 5 },
    { kind: 9, b: 2, a: 4_000_000_000, period: 6 },
  ]);
  expect([words[0], words[1]!, words[2]! >>> 0, ...words.subarray(3, 8), floats[8], words[9]]).toEqual([
    0, 0, 4_000_000_000, 2, 5, 4, 6, 3, 0.25, 0,
  ]);
  expect(bytesOf('ElementwiseArgs')).toBe(28);
  expect(Object.keys(STRUCTS.ElementwiseArgs)).toEqual(['a', 'b', 'y', 'count', 'period', 'kind', 'slope']);
});
