import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('threads augment to the bits of the main thread, whatever their number', {
  timeout: 60_000,
}, async () => {
  const child = fileURLToPath(new URL('augment-child.ts', import.meta.url));
  const flags = ['--conditions=@sshn/source', '--import', 'tsx'];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, child], { timeout: 50_000 });
  const [none, two, refused] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(none.digests).toHaveLength(6);
  expect(new Set(none.digests).size).toBe(4);
  expect(none.digests.slice(4)).toEqual(none.digests.slice(2, 4));
  expect([none.started, two.started]).toEqual([0, 2]);
  expect(two.digests).toEqual(none.digests);
  expect([none.pending, two.pending]).toEqual(['done', 'The threads that augment images were ended.']);
  expect(two.after).toBe(40 * 31);
  expect(refused.isTyped).toBe(true);
  expect(refused.message).toMatch(/flip of '.+': got "depth", expected axes that the image has/);
});
