import { WasmThreadError } from '../errors.js';
import type { NativeExports } from './exports.js';
import { mainMayWait, type PoolWorker, type PoolWorkerData, startWorker } from './workers.js';

/** Bytes of the control block, see `assembly/pool.ts`. */
export const CONTROL_BYTES = 384;

/** Words of the control block: tasks done, and whether the main thread may sleep. */
const DONE_WORD = 192 / 4;
const MAY_WAIT_WORD = 324 / 4;

/** How long no task may end before a thread counts as hanging. */
const PATIENCE_MS = 30_000;

/** A single wait that took longer was one of a process that slept: it says nothing about the threads. */
const LONGEST_NAP_MS = 1000;

/** What a pool is made of: a zeroed block of `CONTROL_BYTES` in a memory, and the module to run there. */
export interface PoolOptions extends Omit<PoolWorkerData, 'worker'> {
  /** Threads that work on a job, the calling one among them. */
  readonly threads: number;
  /** @default 30 000 */
  readonly patienceMs?: number;
}

/** Threads that take tasks of the main thread's jobs; see `assembly/pool.ts` for how. */
export class Pool {
  readonly threads: number;
  readonly #exports: NativeExports;
  readonly #options: PoolOptions;
  readonly #workers: PoolWorker[] = [];
  #failure: WasmThreadError | undefined;

  private constructor(exports: NativeExports, options: PoolOptions) {
    this.threads = options.threads;
    this.#exports = exports;
    this.#options = options;
    this.#words()[MAY_WAIT_WORD] = mainMayWait() ? 1 : 0;
  }

  /**
   * Starts `threads - 1` workers.
   *
   * @throws {Error} if one does not start; then none is left.
   */
  static async start(exports: NativeExports, options: PoolOptions): Promise<Pool> {
    const pool = new Pool(exports, options);
    const { threads, module, memory, control } = options;
    const starts = Array.from({ length: threads - 1 }, async (_, i) => {
      const onDeath = (cause: string) => pool.#fail(`Thread ${i + 1} of ${threads} died: ${cause}.`);
      pool.#workers.push(await startWorker({ module, memory, control, worker: i + 1 }, onDeath));
    });
    const failed = (await Promise.allSettled(starts)).find((start) => start.status === 'rejected');
    if (failed === undefined) return pool;
    pool.dispose();
    throw failed.reason;
  }

  /** Why the pool no longer works. */
  get failure(): WasmThreadError | undefined {
    return this.#failure;
  }

  /** @throws {WasmThreadError} if a thread has died or does not finish its task. */
  run(kind: number, args: number, tasks: number): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#exports.dispatch(this.#options.control, kind, args, tasks)) this.#awaitDone(tasks);
  }

  /** Ends the threads. */
  dispose(): void {
    this.#exports.quit(this.#options.control);
    for (const worker of this.#workers) worker.terminate();
  }

  /** Waits on while tasks end now and then. */
  #awaitDone(tasks: number): void {
    const { control, patienceMs = PATIENCE_MS } = this.#options;
    const words = this.#words();
    let idle = 0;
    let last = -1;
    for (let began = performance.now(); !this.#exports.awaitDone(control, tasks); ) {
      const now = performance.now();
      const done = Atomics.load(words, DONE_WORD);
      idle = done === last ? idle + Math.min(now - began, LONGEST_NAP_MS) : 0;
      last = done;
      began = now;
      if (idle > patienceMs) {
        throw this.#fail(`A thread took a task and did not finish it within ${patienceMs / 1000} seconds.`);
      }
    }
  }

  #fail(problem: string): WasmThreadError {
    this.#failure ??= new WasmThreadError(problem);
    return this.#failure;
  }

  #words(): Int32Array {
    return new Int32Array(this.#options.memory.buffer, this.#options.control, CONTROL_BYTES / 4);
  }
}
