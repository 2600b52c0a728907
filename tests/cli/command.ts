import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, vi } from 'vitest';
import { bundleCommand } from '../../scripts/bundle-sources.mjs';

// Every test here starts processes, which on a busy machine takes its time.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

/** Of the sources as they are when a file of tests begins. */
const program = await bundleCommand();

/** How a command ended, and what it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when the output holds a text. @throws {Error} if the command ends without it. */
  writes(text: string): Promise<void>;
}

/** A folder of the tests of one file, removed after them. */
export function scratchFolder(): { readonly path: string } {
  const folder = { path: '' };
  beforeAll(async () => {
    folder.path = await mkdtemp(join(tmpdir(), 'sshn-cli-'));
  });
  afterAll(() => rm(folder.path, { recursive: true, force: true }));
  return folder;
}

/** The words that run the real command, bundled from its sources. */
export function commandLine(args: readonly string[]): string[] {
  return [process.execPath, program, ...args];
}

/** Starts the real command. */
export function start(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Running {
  return run(commandLine(args), cwd, env);
}

/** Starts a program. */
export function run([first, ...words]: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(first!, words, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stdout, stderr }) as Ended);
  const writes = async (text: string) => {
    const found = () => stdout.includes(text) || stderr.includes(text);
    while (!found()) {
      const end = await Promise.race([ended, once(child.stdout, 'data'), once(child.stderr, 'data')]);
      if (!Array.isArray(end) && !found())
        throw new Error(`The command ended without writing '${text}': ${stdout}${stderr}`);
    }
  };
  return { child, ended, writes };
}

/** Runs the real command to its end. */
export function sshn(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return start(args, cwd, env).ended;
}

/**
 * Runs a command line that the command has printed, as a user would who copies it into a shell.
 *
 * @param text Words and flags after `sshn`, quoted for a shell.
 */
export function inShell(text: string, cwd: string): Promise<Ended> {
  const words = commandLine([])
    .map((word) => `'${word}'`)
    .join(' ');
  return run(['bash', '-c', `sshn() { ${words} "$@"; }; ${text}`], cwd).ended;
}

/** The last command line in an output. @throws {Error} if there is none. */
export function printedCommand({ stdout, stderr }: Pick<Ended, 'stdout' | 'stderr'>): string {
  const found = [
    ...`${stdout}\n${stderr}`.matchAll(/(?:Go on with|Look at its curve with|now|first): (sshn .*)$/gm),
  ].at(-1);
  if (found === null || found === undefined) throw new Error(`No command was printed: ${stdout}${stderr}`);
  return found[1]!;
}

/** Flags of a training that is over in a second or two. */
export const small = [
  '--size',
  '32x32',
  '--features',
  '4',
  '--stages',
  '3',
  '--hyper-hidden',
  '4,8',
  '--threads',
  '1',
] as const;
