import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { FileError } from '@sshn/core';
import { writeFileAtomic } from '@sshn/model/node';
import { isLocked, lockRun } from '@sshn/training/node';
import { z } from 'zod';
import type { Cell, Plan } from './plan.js';

const number = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);
const resultsSchema = z.object({
  hash: z.string(),
  /** Of the code, and when and how long it was trained and evaluated. */
  version: z.string(),
  finished: z.string(),
  seconds: z.number(),
  results: z.array(
    z.object({
      factor: z.number(),
      dice: number,
      gflops: number,
      milliseconds: number,
      diceByLabel: z.record(z.string(), number),
      diceByImage: z.array(number).optional(),
    }),
  ),
});
/** What a cell that is done has found. */
export type CellResults = z.infer<typeof resultsSchema>;

const failureSchema = z.object({ hash: z.string(), message: z.string() });

/** Where a cell stands. */
export type CellState =
  | { readonly kind: 'done'; readonly results: CellResults }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'running' | 'interrupted'; readonly epoch: number }
  | { readonly kind: 'waiting' };

/** What the folder of a cell says of it. Results and failures of other settings count for nothing. */
export async function stateOf(cell: Cell): Promise<CellState> {
  const results = resultsSchema.safeParse(await jsonIn(join(cell.folder, 'results.json')));
  if (results.success && results.data.hash === cell.hash) return { kind: 'done', results: results.data };
  const log = await readFile(join(cell.folder, 'run', 'metrics.jsonl'), 'utf8').catch(() => '');
  const epoch = log.split('\n').filter((line) => line !== '').length;
  if (await isLocked(cell.folder)) return { kind: 'running', epoch };
  const failure = failureSchema.safeParse(await jsonIn(join(cell.folder, 'failed.json')));
  if (failure.success && failure.data.hash === cell.hash)
    return { kind: 'failed', message: failure.data.message };
  return epoch > 0 ? { kind: 'interrupted', epoch } : { kind: 'waiting' };
}

async function jsonIn(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch(() => 'null');
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** How a cell ended. */
export type CellEnd = 'done' | 'failed' | 'interrupted' | 'taken';

/** What runs a cell. */
export interface CellOptions {
  readonly split: Plan['split'];
  /** Of wasm, for each cell. */
  readonly threads: number;
  readonly version: string;
  readonly signal: AbortSignal;
  /** Called with the number of epochs that are done. */
  readonly onEpoch: (epoch: number) => void;
}

/**
 * Trains and evaluates a cell in processes of their own, by the commands `sshn train` and `sshn evaluate`, which anybody can run
 * again by hand. Killed at any moment, the next call goes on from the last checkpoint to the same weights.
 *
 * @returns 'taken' if another process is at work on it.
 */
export async function runCell(cell: Cell, options: CellOptions): Promise<CellEnd> {
  const { folder } = cell;
  await mkdir(folder, { recursive: true });
  let unlock: () => Promise<void>;
  try {
    unlock = await lockRun(folder);
  } catch (error) {
    if (error instanceof FileError) return 'taken';
    throw error;
  }
  const began = Date.now();
  try {
    const state = await stateOf(cell);
    if (state.kind === 'done') return 'done';
    await rm(join(folder, 'failed.json'), { force: true });
    const config = join(folder, 'config.json');
    await writeFileAtomic(config, `${JSON.stringify(cell.config, null, 2)}\n`);
    const threads = ['--threads', String(options.threads)];
    const run = join(folder, 'run');
    // A training whose experiment was killed goes on by itself.
    while ((await isLocked(run)) && !options.signal.aborted) await setTimeout(500);
    const training = await command(
      ['train', cell.data, '--config', config, '--out', run, '--json', ...threads],
      folder,
      options,
      (line) => {
        if (line.kind === 'epoch') options.onEpoch((line.epoch as number) + 1);
      },
    );
    if (training.code !== 0) return await failed(cell, training);
    const at = ['--factors', cell.factors.join(','), '--split', options.split];
    const evaluation = await command(['evaluate', run, ...at, '--json', ...threads], folder, options);
    if (evaluation.code !== 0) return await failed(cell, evaluation);
    const { results } = JSON.parse(evaluation.stdout) as { readonly results: unknown };
    const facts = {
      hash: cell.hash,
      version: options.version,
      finished: new Date().toISOString(),
      seconds: (Date.now() - began) / 1000,
    };
    await writeFileAtomic(
      join(folder, 'results.json'),
      `${JSON.stringify({ ...facts, results }, null, 1)}\n`,
    );
    return 'done';
  } finally {
    await unlock();
  }
}

/** A command of sshn that has ended. */
interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function failed(cell: Cell, { code, stderr }: Ended): Promise<CellEnd> {
  if (code === 130 || code === 143 || code === null) return 'interrupted';
  const message = stderr.trim().split('\n').at(-1) ?? '';
  const last = stderr.split('\n').findLast((line) => line.startsWith('error: ')) ?? message;
  await writeFileAtomic(
    join(cell.folder, 'failed.json'),
    `${JSON.stringify({ hash: cell.hash, message: last.replace(/^error: /, '') })}\n`,
  );
  return 'failed';
}

/** Runs this same program with other arguments; what it writes on standard error goes to log.txt as well. */
function command(
  args: readonly string[],
  folder: string,
  { signal }: Pick<CellOptions, 'signal'>,
  onLine?: (line: Record<string, unknown>) => void,
): Promise<Ended> {
  return new Promise((done, fail) => {
    const child: ChildProcess = spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C on the terminal reaches it once, through `signal`.
      detached: true,
    });
    const stop = () => child.kill('SIGTERM');
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const log = createWriteStream(join(folder, 'log.txt'), { flags: 'a' });
    let [stdout, stderr, rest] = ['', '', ''];
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      if (onLine === undefined) stdout += text;
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      for (const line of lines) if (line.startsWith('{')) onLine?.(JSON.parse(line));
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-10_000);
      log.write(text);
    });
    child.on('error', fail);
    child.on('close', (code) => {
      signal.removeEventListener('abort', stop);
      log.end();
      done({ code, stdout, stderr });
    });
  });
}
