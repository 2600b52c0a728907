import { WasmThreadError } from '../errors.js';
import type { NativeExports } from './compile.js';
import { SIZES } from './layout.js';

/** Words of the control block: tasks done, and threads. */
const DONE_WORD = SIZES.CONTROL_DONE / 4;
const THREADS_WORD = SIZES.CONTROL_THREADS / 4;

/** How long no task may end before a thread counts as hanging. */
const PATIENCE_MS = 30_000;

/** A single wait that took longer was one of a process that slept: it says nothing about the threads. */
const LONGEST_NAP_MS = 1000;

/** What a pool is made of: a zeroed block of `SIZES.CONTROL_BYTES` in a memory, and the module to run there. */
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
    this.#words()[THREADS_WORD] = mainMayWait() ? options.threads : -options.threads;
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
    return new Int32Array(this.#options.memory.buffer, this.#options.control, SIZES.CONTROL_BYTES / 4);
  }
}

/** A thread that runs `serve` until the pool ends. */
interface PoolWorker {
  /** Ends the thread at once. */
  terminate(): void;
}

/** What a thread needs to join the pool. */
interface PoolWorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: number;
  readonly worker: number;
}

/** Called once if a thread that has started ends before the pool does. */
type OnDeath = (cause: string) => void;

type NodeThreads = typeof import('node:worker_threads');

const SERVE =
  'const join = ({ module, memory, control, worker }, tell) => { ' +
  'const { serve } = new WebAssembly.Instance(module, { env: { memory } }).exports; ' +
  'tell("ready"); serve(control, worker); };';

const NODE_SOURCE =
  `${SERVE} const { parentPort, workerData } = require('node:worker_threads'); ` +
  'join(workerData, (word) => parentPort.postMessage(word));';

const PAGE_SOURCE = `${SERVE} onmessage = ({ data }) => { join(data, postMessage); close(); };`;

/** Whether this is Node, by what we use of it. */
const nodeThreads = (): NodeThreads | undefined =>
  typeof process === 'object' ? process.getBuiltinModule?.('node:worker_threads') : undefined;

/** Whether the calling thread may sleep: in Node and in workers of a page it may, in the page itself not. */
function mainMayWait(): boolean {
  return nodeThreads() !== undefined || 'DedicatedWorkerGlobalScope' in globalThis;
}

/**
 * Starts a thread of a pool: a worker thread in Node, which does not keep the process alive, or a Worker in pages.
 *
 * @throws {Error} if it does not start.
 */
function startWorker(data: PoolWorkerData, onDeath: OnDeath): Promise<PoolWorker> {
  const threads = nodeThreads();
  return threads === undefined ? startInPage(data, onDeath) : startInNode(threads, data, onDeath);
}

function startInNode(threads: NodeThreads, data: PoolWorkerData, onDeath: OnDeath): Promise<PoolWorker> {
  return new Promise((resolve, reject) => {
    // Flags of the process (a loader, ES modules for `-e`) do not concern the thread.
    const worker = new threads.Worker(NODE_SOURCE, { eval: true, execArgv: [], workerData: data });
    const end = (cause: string): void => {
      reject(new Error(`a thread did not start: ${cause}`));
      onDeath(cause);
    };
    worker.once('error', (error) => end(String(error)));
    worker.once('exit', (code) => end(`it ended with code ${code}`));
    worker.once('message', () => {
      worker.unref();
      resolve({ terminate: () => void worker.terminate() });
    });
  });
}

function startInPage(data: PoolWorkerData, onDeath: OnDeath): Promise<PoolWorker> {
  const url = URL.createObjectURL(new Blob([PAGE_SOURCE], { type: 'text/javascript' }));
  const start = new Promise<PoolWorker>((resolve, reject) => {
    const worker = new Worker(url);
    worker.onerror = ({ message = 'the page may not run workers from blobs' }) => {
      reject(new Error(`a thread did not start: ${message}`));
      onDeath(message);
    };
    worker.onmessage = () => resolve({ terminate: () => worker.terminate() });
    worker.postMessage(data);
  });
  return start.finally(() => URL.revokeObjectURL(url));
}
