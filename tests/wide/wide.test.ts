import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { relativeError } from '../../packages/backend-wasm/src/native/testing/reference-conv.js';
import { bundleSources } from '../../scripts/bundle-sources.mjs';
import { hasWideUnits, laterNode } from './later-node.js';

const node = laterNode();
const root = fileURLToPath(new URL('../../', import.meta.url));
const wasm = join(root, 'packages/backend-wasm/');
/** All code optimized from the start: what is merged is what runs. */
const optimized = '--no-liftoff';

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

test.skipIf(node === undefined)(
  'where V8 merges pairs, every kernel has the results of the others',
  async () => {
    const fixed = await run(process.execPath, [], 'fixed');
    expect(fixed.simd).toBe('fixed');
    const wide = await run(node!, [optimized], 'wide');
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

test.skipIf(node === undefined)(
  'there the property tests of the kernels hold too',
  { timeout: 600_000 },
  async () => {
    const merging = `${optimized} --experimental-wasm-revectorize`;
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const kernels =
      'average-pool conv conv-join copies finite-differences heads local-ncc losses pointwise resize warp';
    const files = kernels.split(' ').map((name) => join(wasm, `src/native/${name}.test.ts`));
    const report = join(folder, 'report.json');
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST'));
    await promisify(execFile)(
      node!,
      [vitest, 'run', '--maxWorkers=1', '--reporter=json', `--outputFile=${report}`, ...files],
      { cwd: root, env: { ...Object.fromEntries(own), SSHN_TEST_BUILD: 'wide', SSHN_TEST_FLAGS: merging } },
    );
    const { numPassedTests, numTotalTestSuites, success } = JSON.parse(await readFile(report, 'utf8'));
    expect(success).toBe(true);
    expect(numTotalTestSuites).toBeGreaterThanOrEqual(files.length);
    expect(numPassedTests).toBeGreaterThan(200);
  },
);
