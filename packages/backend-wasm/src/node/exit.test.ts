import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { bundleSources } from '../../../../scripts/bundle-sources.mjs';

const pathOf = (place: string) => fileURLToPath(new URL(place, import.meta.url));
const programs = await bundleSources({ index: pathOf('index.ts') }, pathOf('../..'));
const INDEX = JSON.stringify(pathToFileURL(join(programs, 'index.mjs')).href);

const THREADS = `
  import { useFastWasm } from ${INDEX};
  import { conv2d, randomUniform } from '@tensorflow/tfjs-core';
  const { threads } = await useFastWasm({ threads: 4 });
  const work = () => conv2d(randomUniform([4, 64, 64, 8]), randomUniform([3, 3, 8, 8]), 1, 'same').dataSync();
  work();
  console.log(threads);
`;

/** Runs a program; its exit code and what it wrote. */
function run(program: string): Promise<{ code: number | null; output: string; errors: string }> {
  const options = ['--input-type=module', '-e', program];
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      options,
      { cwd: pathOf('.'), timeout: 50_000, killSignal: 'SIGKILL' },
      (_, stdout, stderr) => resolve({ code: child.exitCode, output: stdout.trim(), errors: stderr.trim() }),
    );
  });
}

test.each([
  ['ends by itself, whether its threads spin', THREADS, 0],
  ['or sleep', `${THREADS} await new Promise((resolve) => setTimeout(resolve, 200));`, 0],
  ['and when it is told to', `${THREADS} setInterval(() => {}, 1000); process.exit(3);`, 3],
  ['or fails', `${THREADS} setInterval(() => {}, 1000); setTimeout(() => { throw new Error(); });`, 1],
])('a process with threads %s', async (_, program, code) => {
  expect(await run(program)).toMatchObject({ code, output: '4' });
});

const STARTED = `
  import { setBackend } from '@tensorflow/tfjs-core';
  import '@tensorflow/tfjs-backend-wasm';
  await setBackend('wasm');
`;

describe.each([
  ['ours', ''],
  ['one that tfjs had started', STARTED],
])('with a wasm backend, %s,', (_, before) => {
  const start = `${before} import { useFastWasm } from ${INDEX}; await useFastWasm({ threads: 2 });`;

  test.each([
    ['an error', "setTimeout(() => { throw new RangeError('of my own'); });"],
    ['a rejection', "void Promise.reject(new RangeError('of my own'));"],
  ])("%s that nobody catches ends as Node's own do", async (_, fail) => {
    // Threads and a test runner may add lines to a stack; emscripten's source is 38 kB.
    const [told, own] = [await run(`${start}\n${fail}`), await run(fail)];
    expect([told.code, told.output]).toEqual([own.code, own.output]);
    expect(told.errors).toContain('RangeError: of my own');
    expect(told.errors.split('\n').at(-1)).toBe(own.errors.split('\n').at(-1));
    expect(told.errors.length).toBeLessThan(own.errors.length + 200);
  });

  test('listeners of others stay, also when the backend is removed', async () => {
    const { output, code } = await run(
      `process.on('uncaughtException', (error) => console.log('heard', error.message));
       ${start}
       import { removeBackend } from '@tensorflow/tfjs-core';
       removeBackend('wasm');
       console.log(process.listenerCount('uncaughtException'), process.listenerCount('unhandledRejection'));
       setTimeout(() => { throw new Error('mine'); });`,
    );
    expect({ output, code }).toEqual({ output: '1 0\nheard mine', code: 0 });
  });
});
