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
export function mainMayWait(): boolean {
  return nodeThreads() !== undefined || 'DedicatedWorkerGlobalScope' in globalThis;
}

/**
 * Starts a thread of a pool: a worker thread in Node, which does not keep the process alive, or a Worker in pages.
 *
 * @throws {Error} if it does not start.
 */
export function startWorker(data: PoolWorkerData, onDeath: OnDeath): Promise<PoolWorker> {
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
