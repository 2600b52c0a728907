import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const repository = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Runs the `sshn` command from its sources, in a process of its own.
 *
 * @param args Of the command.
 * @param cwd Where; by default where the user called pnpm, which itself runs scripts in the root.
 * @returns Its exit code.
 */
export async function sshnFromSources(args, cwd = process.env.INIT_CWD ?? process.cwd()) {
  const { bundleCommand } = await import('./bundle-sources.mjs');
  const child = spawn(process.execPath, [await bundleCommand(), ...args], { stdio: 'inherit', cwd });
  // A terminal gives Ctrl-C to both processes, so the child has it already; a signal sent to this one alone it has not.
  const forward = (signal) => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  process.on('SIGINT', forward).on('SIGTERM', forward);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      process.off('SIGINT', forward).off('SIGTERM', forward);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}
