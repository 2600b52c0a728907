import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { bundleSources } from '../../../../scripts/bundle-sources.mjs';

const pathOf = (place: string) => fileURLToPath(new URL(place, import.meta.url));
const SEED = process.env.SSHN_TEST_SEED ?? '1';

let programs: string;

beforeAll(async () => {
  const entries = ['allocator', 'tensors'].map((name) => [name, pathOf(`testing/${name}.ts`)]);
  programs = await bundleSources(Object.fromEntries(entries), pathOf('../..'));
});

/** What a program of `testing/` finds. A process of its own: its heap of 4 GiB, most of it never touched, ends with it. */
function find(
  program: string,
  ...args: string[]
): Promise<{ faults: string[]; heapMiB: number } & Record<string, number>> {
  const options = [join(programs, `${program}.mjs`), ...args];
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      options,
      { timeout: 110_000, killSignal: 'SIGKILL' },
      (error, stdout, stderr) =>
        stdout === '' ? reject(error ?? new Error(stderr)) : resolve(JSON.parse(stdout)),
    );
  });
}

test('the allocator of tfjs gives out blocks beyond the heap', { timeout: 120_000 }, async () => {
  const { faults } = await find('allocator', 'stock', SEED);
  expect(faults).toEqual([expect.stringMatching(/ends beyond/)]);
});

test.each(['guarded', 'mended'])(
  '%s, it gives out no block twice, none beyond the heap, and loses none',
  { timeout: 120_000 },
  async (kind) => {
    const { faults, refused, heapMiB } = await find('allocator', kind, SEED);
    expect(faults).toEqual([]);
    expect(refused).toBeGreaterThan(20);
    expect(heapMiB).toBeGreaterThan(3500);
    if (kind === 'guarded') expect(heapMiB).toBeLessThanOrEqual(4096 - 128);
  },
);

// `started`: tfjs had started by itself, and its binary is not ours.
test.each(['ours', 'started'])(
  'where the heap ends, operations (backend: %s) give the right bits or a WasmMemoryError, and tensors stay as they are',
  { timeout: 120_000 },
  async (kind) => {
    const { faults, done, refused, heapMiB } = await find('tensors', kind, SEED);
    expect(faults).toEqual([]);
    expect(done).toBeGreaterThan(15);
    expect(refused).toBeGreaterThan(2);
    expect(heapMiB).toBeGreaterThan(3900);
  },
);
