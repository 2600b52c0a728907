import type { NativeExports } from './exports.js';
import { mainMayWait, type PoolWorker, type PoolWorkerData, startWorker } from './workers.js';

/** Bytes of the control block, see `assembly/pool.ts`. */
export const CONTROL_BYTES = 384;

/** Word of the control block that says whether the main thread may sleep. */
const MAY_WAIT_WORD = 324 / 4;

/** A thread of the pool died or hung. */
export class NativePoolError extends Error {
  override readonly name = 'NativePoolError';
}

/** Threads that take tasks of the main thread's jobs; see `assembly/pool.ts` for how. */
export class Pool {
  readonly threads: number;
  readonly #exports: NativeExports;
  readonly #control: number;
  readonly #workers: readonly PoolWorker[];
  #failure: NativePoolError | undefined;

  /** Starts `threads - 1` workers; `data.control` is a zeroed block of `CONTROL_BYTES`. */
  constructor(exports: NativeExports, threads: number, data: Omit<PoolWorkerData, 'worker'>) {
    this.threads = threads;
    this.#exports = exports;
    this.#control = data.control;
    new Int32Array(data.memory.buffer)[data.control / 4 + MAY_WAIT_WORD] = mainMayWait() ? 1 : 0;
    this.#workers = Array.from({ length: threads - 1 }, (_, i) =>
      startWorker({ ...data, worker: i + 1 }, (cause) => {
        this.#failure ??= new NativePoolError(`Thread ${i + 1} of ${threads} died: ${String(cause)}.`);
      }),
    );
  }

  /** @throws {NativePoolError} if a thread has died or does not finish its task. */
  run(kind: number, args: number, tasks: number): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#exports.dispatch(this.#control, kind, args, tasks)) {
      this.#failure = new NativePoolError('A thread claimed a task and did not finish it within 30 seconds.');
      throw this.#failure;
    }
  }

  /** Ends the threads. */
  dispose(): void {
    this.#exports.quit(this.#control);
    for (const worker of this.#workers) worker.terminate();
  }
}
