import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const repository = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Runs a TypeScript program of the repository in a process of its own, in the folder where the user called it.
 *
 * @returns Its exit code.
 */
export function runFromSources(program, args) {
  const child = spawn(
    process.execPath,
    ['--conditions=@sshn/source', '--import', import.meta.resolve('tsx'), join(repository, program), ...args],
    // pnpm runs scripts in the root; INIT_CWD is where it was called.
    { stdio: 'inherit', cwd: process.env.INIT_CWD ?? process.cwd() },
  );
  // A terminal gives Ctrl-C to both processes, so the child has it already; a signal sent to this one alone it has not.
  const forward = (signal) => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  process.on('SIGINT', forward).on('SIGTERM', forward);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}
