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
  for (const wishes of [{ reproducible: true }, { wide: false }, { wide: true }]) {
    const { simd, threads, limits } = await useFastWasm({ ...wishes, threads: 2 });
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

/** What a process computes held to the same bits everywhere, with V8's flags left alone, and freely. */
async function convolve(): Promise<[held: Result, untold: Result, free: Result]> {
  const options = ['--input-type=module', '-e', CONVOLVE];
  const { stdout } = await promisify(execFile)(process.execPath, options, {
    cwd: pathOf('.'),
    maxBuffer: 1 << 24,
  });
  return JSON.parse(stdout);
}

test.skipIf(!enableRelaxedSimd())(
  'relaxed SIMD is used where the engine has it or can be told to have it, unless asked not to',
  async () => {
    const [held, untold, free] = await convolve();
    expect(held).toMatchObject({ simd: 'fixed', threads: 2, limits: [] });
    const isHidden = process.versions.node.startsWith('20.');
    expect(untold).toMatchObject({ simd: isHidden ? 'fixed' : 'relaxed', threads: 2, limits: [] });
    expect(['relaxed', 'wide']).toContain(free.simd);
    expect(free).toMatchObject({ threads: 2, limits: [] });
    const largest = Math.max(...held.y.map(Math.abs));
    for (const { simd, y } of [untold, free]) {
      if (simd === 'fixed') expect(y).toEqual(held.y);
      for (const [i, value] of y.entries()) expect(Math.abs(value - held.y[i]!) / largest).toBeLessThan(2e-6);
    }
  },
);
