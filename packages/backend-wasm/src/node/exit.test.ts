import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const THREADS = `
  import { useFastWasm } from ${JSON.stringify(new URL('index.ts', import.meta.url).href)};
  import { conv2d, randomUniform } from '@tensorflow/tfjs-core';
  const { threads } = await useFastWasm({ threads: 4 });
  const work = () => conv2d(randomUniform([4, 64, 64, 8]), randomUniform([3, 3, 8, 8]), 1, 'same').dataSync();
  work();
  console.log(threads);
`;

/** Runs a program; its exit code and what it wrote. */
function run(program: string): Promise<{ code: number | null; output: string }> {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const options = ['--import', 'tsx', '--conditions=@sshn/source', '--input-type=module', '-e', program];
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      options,
      { cwd: folder, timeout: 50_000, killSignal: 'SIGKILL' },
      (_, stdout) => resolve({ code: child.exitCode, output: stdout.trim() }),
    );
  });
}

// The last exit code is that of tfjs' glue, which throws errors that nobody caught again.
test.each([
  ['ends by itself, whether its threads spin', THREADS, 0],
  ['or sleep', `${THREADS} await new Promise((resolve) => setTimeout(resolve, 200));`, 0],
  ['and when it is told to', `${THREADS} setInterval(() => {}, 1000); process.exit(3);`, 3],
  ['or fails', `${THREADS} setInterval(() => {}, 1000); setTimeout(() => { throw new Error(); });`, 7],
])('a process with threads %s', async (_, program, code) => {
  expect(await run(program)).toEqual({ code, output: '4' });
});
