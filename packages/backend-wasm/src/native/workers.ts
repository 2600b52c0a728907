/** A thread that runs `serve` until the pool ends. */
export interface PoolWorker {
  /** Ends the thread at once. */
  terminate(): void;
}

/** What a thread needs to join the pool. */
export interface PoolWorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: number;
  readonly worker: number;
}

const SERVE =
  'const serve = ({ module, memory, control, worker }) => ' +
  'new WebAssembly.Instance(module, { env: { memory } }).exports.serve(control, worker);';

/** Whether this is Node, by what we use of it. */
const nodeThreads = (): typeof import('node:worker_threads') | undefined =>
  typeof process === 'object' ? process.getBuiltinModule?.('node:worker_threads') : undefined;

/** Whether the main thread may sleep: in Node it may, in pages it may not. */
export function mainMayWait(): boolean {
  return nodeThreads() !== undefined;
}

/**
 * Starts a thread of a pool: a worker thread in Node, a Worker in pages.
 *
 * It does not keep the process alive. `onDeath` is called if it ends with an error.
 */
export function startWorker(data: PoolWorkerData, onDeath: (cause: unknown) => void): PoolWorker {
  const threads = nodeThreads();
  if (threads !== undefined) {
    const source = `${SERVE} serve(require('node:worker_threads').workerData);`;
    const worker = new threads.Worker(source, { eval: true, workerData: data });
    worker.on('error', onDeath);
    worker.unref();
    return { terminate: () => void worker.terminate() };
  }
  const url = URL.createObjectURL(
    new Blob([`${SERVE} onmessage = ({ data }) => { serve(data); close(); };`], { type: 'text/javascript' }),
  );
  const worker = new Worker(url);
  worker.onerror = onDeath;
  worker.postMessage(data);
  return {
    terminate: () => {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}
