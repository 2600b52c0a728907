import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { bundleSources } from '../../../../scripts/bundle-sources.mjs';
import { enableRelaxedSimd } from '../native/testing/relaxed.js';

const pathOf = (place: string) => fileURLToPath(new URL(place, import.meta.url));
const programs = await bundleSources({ index: pathOf('index.ts') }, pathOf('../..'));

const CONVOLVE = `
  import { useFastWasm } from ${JSON.stringify(pathToFileURL(join(programs, 'index.mjs')).href)};
  import { conv2d, randomUniform } from '@tensorflow/tfjs-core';
  const results = [];
  for (const reproducible of [true, false]) {
    const { simd, threads, limits } = await useFastWasm({ reproducible, threads: 2 });
    const x = randomUniform([1, 32, 32, 16], -1, 1, 'float32', 1);
    const kernel = randomUniform([3, 3, 16, 16], -1, 1, 'float32', 2);
    results.push({ simd, threads, limits, y: [...conv2d(x, kernel, 1, 'same').dataSync()] });
  }
  console.log(JSON.stringify(results));
`;

interface Result {
  readonly simd: string;
  readonly threads: number;
  readonly limits: string[];
  readonly y: number[];
}

/** What a process with these flags computes, held to the same bits everywhere and not. */
async function convolve(...flags: string[]): Promise<[held: Result, free: Result]> {
  const options = ['--input-type=module', '-e', CONVOLVE];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, ...options], {
    cwd: pathOf('.'),
    maxBuffer: 1 << 24,
  });
  return JSON.parse(stdout);
}

const isHidden = process.versions.node.startsWith('20.');

test.skipIf(!enableRelaxedSimd())(
  'relaxed SIMD is used where the engine has it, unless asked not to',
  async () => {
    const [held, free] = await convolve(...(isHidden ? ['--experimental-wasm-relaxed-simd'] : []));
    expect(held).toMatchObject({ simd: 'fixed', threads: 2, limits: [] });
    expect(free).toMatchObject({ simd: 'relaxed', threads: 2, limits: [] });
    const largest = Math.max(...held.y.map(Math.abs));
    for (const [i, value] of free.y.entries())
      expect(Math.abs(value - held.y[i]!) / largest).toBeLessThan(2e-6);
  },
);

test.skipIf(!isHidden)('and not where it has none', async () => {
  const [held, free] = await convolve();
  expect(held.simd).toBe('fixed');
  expect(free).toEqual(held);
});
