import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { InstalledExample } from './install.js';

// A test runner's own NODE_ENV would make other pages.
const environment = (more: Readonly<Record<string, string>>) => ({
  ...process.env,
  NODE_ENV: 'production',
  ...more,
});

const argumentsOf = (script: string, options: Readonly<Record<string, string | number>>) => [
  ...['run', '--silent', script, '--'],
  ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]),
];

/** Runs a script of an example as a user does, `npm run SCRIPT -- --name value`, and returns its lines. */
export async function runScript(
  { folder }: InstalledExample,
  script: string,
  options: Readonly<Record<string, string | number>> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const { stdout } = await promisify(execFile)('npm', argumentsOf(script, options), {
    cwd: folder,
    env: environment(env),
    maxBuffer: 2 ** 24,
  });
  return stdout.trimEnd().split('\n');
}

/** A server that an example started. */
export interface Served extends AsyncDisposable {
  /** `http://localhost:PORT/` */
  readonly url: string;
}

/** Runs a script that serves a page, at a port that is free, until the address is printed. */
export async function serveScript({ folder }: InstalledExample, script: string): Promise<Served> {
  const child: ChildProcess = spawn('npm', ['run', '--silent', script], {
    cwd: folder,
    env: environment({ PORT: '0' }),
    stdio: ['ignore', 'pipe', 'inherit'],
    // A group of its own, so that npm and what it started end together.
    detached: true,
  });
  const ended = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout! })) {
    const url = /http:\/\/localhost:\d+\//.exec(line)?.[0];
    if (url === undefined) continue;
    return {
      url,
      [Symbol.asyncDispose]: async () => {
        process.kill(-child.pid!);
        await ended;
      },
    };
  }
  throw new Error(`npm run ${script} ended without serving anything`);
}
