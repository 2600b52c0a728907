import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { run, scratchFolder, small } from './command.js';

const scratch = scratchFolder();
const script = fileURLToPath(new URL('../../scripts/sshn.mjs', import.meta.url));

// `pnpm sshn`: pnpm runs the script in the root of the repository and names the caller's folder in INIT_CWD.
test('pnpm sshn works in the folder of its caller, and hands on signals and the exit code', async () => {
  const caller = join(scratch.path, 'caller');
  await mkdir(caller);
  const words = [
    process.execPath,
    script,
    'train',
    'phantoms:cells:16',
    ...small,
    '--epochs',
    '200',
    '--out',
    'run',
  ];
  const running = run(words, scratch.path, { INIT_CWD: caller });
  await running.writes('epoch   1/200');
  running.child.kill('SIGINT');
  const { code, stdout } = await running.ended;
  expect(code).toBe(130);
  expect(stdout).toContain('Go on with: sshn train --resume run');
  const evaluated = await run([process.execPath, script, 'evaluate', 'run', '--json'], scratch.path, {
    INIT_CWD: caller,
  }).ended;
  expect(evaluated.code).toBe(0);
  expect(JSON.parse(evaluated.stdout).results).toHaveLength(3);
});
