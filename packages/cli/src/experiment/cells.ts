import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { FileError } from '@sshn/core';
import { writeFileAtomic } from '@sshn/model/node';
import { dropForeignLock, isLocked, lockRun } from '@sshn/training/node';
import { z } from 'zod';
import { type MemoryFlags, memoryWords } from '../run/memory.js';
import type { Cell, Evaluation } from './plan.js';
import { type LearningPoint, readTrainingLog } from './training-log.js';

const number = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);
const rowSchema = z.object({
  factor: z.number(),
  dice: number,
  gflops: number,
  milliseconds: number,
  diceByLabel: z.record(z.string(), number),
  diceByImage: z.array(number).optional(),
  /** Absent of files that older releases wrote: then the only one of the plan. */
  split: z.enum(['train', 'validation', 'test']).optional(),
  /** The factor whose weights ran; absent where it is the factor itself. */
  weightsOf: z.number().optional(),
});
/** What a cell reaches at one factor. */
export type ResultRow = z.infer<typeof rowSchema>;

const pointSchema = z.object({
  factor: z.array(z.number()),
  dice: number,
  gflops: number,
  milliseconds: number,
  isOnFront: z.boolean(),
  isEqual: z.boolean(),
});
/** What a network with separate factors reaches at a combination of them. */
export type CombinationPoint = z.infer<typeof pointSchema>;

const foundSchema = z.object({
  results: z.array(rowSchema),
  /** Mean pixels of each label in the images of the first split. */
  labelSizes: z.record(z.string(), number).optional(),
  combinations: z.array(pointSchema).optional(),
});
/** What one evaluation has found. */
type Found = z.infer<typeof foundSchema>;

const resultsSchema = foundSchema.extend({
  hash: z.string(),
  /** Of the code, and when and how long it was trained and evaluated: by the last process that worked on it. */
  version: z.string(),
  finished: z.string(),
  seconds: z.number(),
  /** Of the steps of training alone, over all processes. */
  trainingSeconds: z.number().optional(),
  /** Of its best epoch, in the mean over the factors of validation. */
  validationDice: z.number().optional(),
});
/** What a cell that is done has found, and how its training got there. */
export type CellResults = z.infer<typeof resultsSchema> & { readonly learning?: readonly LearningPoint[] };

/** Evaluations that are done, before all are. */
const partSchema = z.object({ hash: z.string(), found: z.array(foundSchema) });

const failureSchema = z.object({ hash: z.string(), message: z.string() });

/** Where a cell stands. */
export type CellState =
  | { readonly kind: 'done'; readonly results: CellResults }
  | { readonly kind: 'failed'; readonly message: string }
  | {
      readonly kind: 'running' | 'interrupted';
      readonly epoch: number;
      /** Of training, when its last epoch ended; absent before the first. */
      readonly secondsLeft?: number;
    }
  | { readonly kind: 'waiting' };

/** What the folder of a cell says of it. Results and failures of other settings count for nothing. */
export async function stateOf(cell: Cell): Promise<CellState> {
  const results = resultsSchema.safeParse(await jsonIn(join(cell.folder, 'results.json')));
  const {
    epochs: epoch,
    secondsLeft,
    validationDice,
    learning,
  } = await readTrainingLog(join(cell.folder, 'run'));
  if (results.success && isOf(cell, results.data)) {
    const known = validationDice === undefined ? {} : { validationDice };
    return { kind: 'done', results: { ...known, ...results.data, learning } };
  }
  const reached = { epoch, ...(secondsLeft === undefined ? {} : { secondsLeft }) };
  if (await isLocked(cell.folder)) return { kind: 'running', ...reached };
  const failure = failureSchema.safeParse(await jsonIn(join(cell.folder, 'failed.json')));
  if (failure.success && isOf(cell, failure.data)) return { kind: 'failed', message: failure.data.message };
  return epoch > 0 ? { kind: 'interrupted', ...reached } : { kind: 'waiting' };
}

function isOf({ hash, formerHash }: Cell, stored: { readonly hash: string }): boolean {
  return stored.hash === hash || stored.hash === formerHash;
}

/** Results that an older release wrote get the hash of this one, so that they are found also when a default has changed. */
export async function settleHash(cell: Cell): Promise<void> {
  const path = join(cell.folder, 'results.json');
  const found = await jsonIn(path);
  const results = resultsSchema.safeParse(found);
  if (!results.success || results.data.hash !== cell.formerHash) return;
  await writeFileAtomic(path, `${JSON.stringify({ ...(found as object), hash: cell.hash }, null, 1)}\n`);
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
  /** Of wasm, for each cell. */
  readonly threads: number;
  /** How many bytes of images each cell keeps in memory, and where the others are. */
  readonly keep: MemoryFlags;
  readonly version: string;
  readonly signal: AbortSignal;
  /**
   * Whether whoever gives out the work knows that nobody else has this cell: a lock of another machine is then one that it left
   * behind. @default false
   */
  readonly isOurs?: boolean;
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
  if (options.isOurs) await Promise.all([folder, join(folder, 'run')].map(dropForeignLock));
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
    const computing = ['--threads', String(options.threads), ...memoryWords(options.keep)];
    const run = join(folder, 'run');
    // A training whose experiment was killed is stopping.
    while ((await isLocked(run)) && !options.signal.aborted) await setTimeout(500);
    const training = await command(
      ['train', cell.data, '--config', config, '--out', run, '--json', ...computing],
      folder,
      options,
      (line) => {
        if (line.kind === 'epoch') options.onEpoch((line.epoch as number) + 1);
      },
    );
    if (training.code !== 0) return await failed(cell, training);
    const part = partSchema.safeParse(await jsonIn(join(folder, 'evaluations.json')));
    const found: Found[] = part.success && isOf(cell, part.data) ? [...part.data.found] : [];
    for (const evaluation of cell.evaluations.slice(found.length)) {
      const { args, read } = commandOf(evaluation, run);
      const ended = await command([...args, '--json', ...computing], folder, options);
      if (ended.code !== 0) return await failed(cell, ended);
      found.push(foundSchema.parse(await read(ended.stdout)));
      await writeFileAtomic(
        join(folder, 'evaluations.json'),
        `${JSON.stringify({ hash: cell.hash, found })}\n`,
      );
    }
    const { seconds: trainingSeconds, validationDice } = await readTrainingLog(run);
    const results: CellResults = {
      hash: cell.hash,
      version: options.version,
      finished: new Date().toISOString(),
      seconds: (Date.now() - began) / 1000,
      trainingSeconds,
      ...(validationDice === undefined ? {} : { validationDice }),
      ...(found[0]?.labelSizes === undefined ? {} : { labelSizes: found[0].labelSizes }),
      results: found.flatMap((one) => one.results),
      ...(found.some(({ combinations }) => combinations !== undefined)
        ? { combinations: found.find(({ combinations }) => combinations !== undefined)!.combinations }
        : {}),
    };
    await writeFileAtomic(join(folder, 'results.json'), `${JSON.stringify(results, null, 1)}\n`);
    await rm(join(folder, 'evaluations.json'), { force: true });
    return 'done';
  } finally {
    await unlock();
  }
}

/** The command that makes an evaluation, and what reads its results. */
function commandOf(
  evaluation: Evaluation,
  run: string,
): { readonly args: readonly string[]; readonly read: (stdout: string) => Promise<unknown> } {
  const { split } = evaluation;
  if (evaluation.kind === 'combinations') {
    const { values, from, to } = evaluation;
    return {
      args: ['pareto', run, '--grid', `${values}`, '--from', `${from}`, '--to', `${to}`, '--split', split],
      read: async () => {
        const { points } = JSON.parse(await readFile(join(run, 'pareto', 'grid', 'grid.json'), 'utf8'));
        return { results: [], combinations: points };
      },
    };
  }
  const { factors, weightsOf } = evaluation;
  return {
    args: [
      ...['evaluate', run, '--factors', factors.join(','), '--split', split],
      ...(weightsOf === undefined ? [] : ['--weights-of', `${weightsOf}`, '--no-times']),
    ],
    read: async (stdout) => {
      const { results, labelSizes } = JSON.parse(stdout);
      const rows = (results as object[]).map((row) => ({ ...row, split, weightsOf }));
      return { results: rows, labelSizes };
    },
  };
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
      // Through the channel a child learns that this process is gone, and stops too: see main.ts.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
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
