import { availableParallelism } from 'node:os';
import { requireIntegers, ValueError } from '@sshn/core';
import { type App, createApp } from './app.js';
import { LatencyController } from './controller.js';
import { WorkerPool } from './pool.js';
import type { ServedModel } from './protocol.js';
import { ModelEntry } from './settings.js';

/** How models are served. */
export interface ServeOptions {
  /** Run folders or model files by the names that requests use: letters, digits, '.', '_' and '-'. */
  readonly models: readonly ServedModel[];
  /** Address to listen on. @default '127.0.0.1', which other machines cannot reach */
  readonly host?: string;
  /** 0 takes any that is free. @default 8080 */
  readonly port?: number;
  /** Processes that predict, each with all models in its memory. @default one per core, 8 at most */
  readonly workers?: number;
  /** Threads of wasm in each of them. @default 1 */
  readonly threads?: number;
  /** Requests that wait at most; further ones get 503. @default 64 */
  readonly queue?: number;
  /** Milliseconds that 95 of 100 requests are to take at most: the factor is lowered under load and raised again. @default none */
  readonly targetP95?: number;
  /** Dice below which no factor is taken for the target, by the table of `sshn pareto`. @default 0 */
  readonly minDice?: number;
  /** A request needs one of them. @default none is needed */
  readonly apiKeys?: readonly string[];
  /** Size of a request at most. @default 64 MiB */
  readonly bodyBytes?: number;
  /** Pixels or voxels of an image at most. @default 2^26 */
  readonly maxVoxels?: number;
  /** From the arrival of an image to its answer; then 504. @default 30,000 */
  readonly timeoutMs?: number;
  /** That a client may take to send its headers. @default 10,000 */
  readonly headersMs?: number;
  /** That a client may take to send a whole request. @default 60,000 */
  readonly receiveMs?: number;
  /** What goes to standard error, as lines of JSON. @default 'warn' */
  readonly logLevel?: 'silent' | 'error' | 'warn' | 'info';
}

/** A service that listens. */
export interface Service {
  /** 'http://127.0.0.1:8080'. */
  readonly address: string;
  /** Process ids of the workers, which change when one dies. */
  readonly workers: readonly number[];
  /** Takes no more requests, finishes those in flight, and ends all processes. */
  close(): Promise<void>;
}

/**
 * Serves trained models over HTTP.
 *
 * @throws {ValueError} if an option makes no sense. @throws {FileError} if a model cannot be opened. An error of the system with
 * `code` 'EADDRINUSE' if the port is taken.
 * @example
 * const service = await serve({ models: [{ name: 'cells', path: 'runs/cells' }], targetP95: 200 });
 * process.once('SIGTERM', () => service.close());
 */
export async function serve(options: ServeOptions): Promise<Service> {
  const usualWorkers = Math.min(8, availableParallelism());
  const {
    workers = usualWorkers,
    threads = 1,
    queue = 64,
    bodyBytes = 2 ** 26,
    maxVoxels = 2 ** 26,
  } = options;
  const { host = '127.0.0.1', port = 8080, timeoutMs = 30_000, targetP95 } = options;
  const { headersMs = 10_000, receiveMs = 60_000, apiKeys = [], logLevel = 'warn' } = options;
  requireIntegers('serve', {
    workers,
    threads,
    queue,
    bodyBytes,
    maxVoxels,
    timeoutMs,
    headersMs,
    receiveMs,
  });
  checkModels(options.models);
  checkRange('targetP95', targetP95, 'a number of milliseconds above 0', (value) => value > 0);
  checkRange('minDice', options.minDice, 'a Dice in [0, 1]', (value) => value >= 0 && value <= 1);
  if (apiKeys.some((key) => key.length < 16)) {
    throw new ValueError({
      where: 'serve: apiKeys',
      got: 'a short one',
      expected: 'keys of 16 characters or more',
    });
  }

  let app: App | undefined;
  const models = new Map<string, ModelEntry>();
  const pool = new WorkerPool({
    workers,
    queue,
    worker: { models: options.models, threads, maxVoxels },
    onDeath: (description) => {
      app?.metrics.deaths.inc();
      app?.server.log.warn(description);
    },
    onRetry: () => app?.metrics.retries.inc(),
    onMeasured: (measured) => models.get(measured.name)?.settle(measured),
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    for (const facts of await pool.start()) models.set(facts.name, new ModelEntry(facts, options.minDice));
    const controller = targetP95 === undefined ? undefined : new LatencyController(targetP95);
    timer = setInterval(() => {
      const { queued, total } = pool.state;
      controller?.update({ now: performance.now(), queued, workers: total });
    }, 250);
    timer.unref();
    app = await createApp({
      ...{ pool, models, controller, apiKeys, bodyBytes, timeoutMs, headersMs, receiveMs, logLevel },
      bufferBytes: 8 * bodyBytes,
    });
    const address = await app.server.listen({ host, port });
    return serviceOf(address, app, pool, timer);
  } catch (error) {
    clearInterval(timer);
    await pool.close();
    throw error;
  }
}

function serviceOf(address: string, app: App, pool: WorkerPool, timer: NodeJS.Timeout): Service {
  const end = async (): Promise<void> => {
    app.refuse();
    // Waits for the answers that are under way.
    await app.server.close();
    await pool.drain();
    clearInterval(timer);
    await pool.close();
  };
  let ending: Promise<void> | undefined;
  return {
    address,
    get workers() {
      return pool.pids;
    },
    close: () => {
      ending ??= end();
      return ending;
    },
  };
}

function checkModels(models: readonly ServedModel[]): void {
  const names = models.map(({ name }) => name);
  const wrong = names.find((name) => !/^[A-Za-z0-9][\w.-]{0,99}$/.test(name));
  if (models.length === 0 || wrong !== undefined) {
    throw new ValueError({
      where: 'serve: models',
      got: wrong ?? names,
      expected: "models with names of letters, digits, '.', '_' and '-'",
    });
  }
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new ValueError({
      where: 'serve: models',
      got: twice,
      expected: 'a name of its own for each model',
    });
}

function checkRange(
  name: string,
  value: number | undefined,
  expected: string,
  fits: (value: number) => boolean,
): void {
  if (value === undefined || (Number.isFinite(value) && fits(value))) return;
  throw new ValueError({ where: `serve: ${name}`, got: value, expected });
}
