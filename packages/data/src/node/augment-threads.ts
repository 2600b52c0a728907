import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type Rng, type RngState, requireIntegers } from '@sshn/core';
import { augment } from '../augmentation/augment.js';
import type { AugmentConfig } from '../augmentation/config.js';
import type { Example } from '../dataset/types.js';

/** Worker threads that augment images. */
export interface AugmentThreads {
  /** What `augment(config)` gives, bit by bit, for `batches({ transform })`. Rejects with the error that `augment` throws. */
  readonly transform: (example: Example, rng: Rng) => Promise<Example>;
  /** How many threads work, known as soon as each has started or failed to. */
  readonly started: Promise<number>;
  /** Ends the threads; images that are still worked on are rejected. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/**
 * Augments in worker threads, beside the training step on the main thread.
 *
 * Results depend on the image, the configuration and the generator alone: they are the same for any number of threads, and on the
 * main thread. That does the work where there is no thread: with `threads` 0, until they have started, where one has died, and
 * where the package lies within a bundle, which has no file for a thread to load.
 *
 * @param options.threads @default 1; 0 if there is one core only, or nothing to augment
 * @throws {OptionError} or {ValueError} as `augment` does, or if `threads` is no integer of at least 0.
 * @example
 * using threads = augmentInThreads({ rotationDegrees: 15, noise: 0.02 });
 * for await (const batch of batches(dataset, ids, { batchSize: 4, order: rng, transform: threads.transform })) { … }
 */
export function augmentInThreads(
  config: AugmentConfig,
  { threads = availableParallelism() > 1 ? 1 : 0 }: { readonly threads?: number } = {},
): AugmentThreads {
  requireIntegers('augmentInThreads', { threads }, 0);
  const here = augment(config);
  const modules = Object.keys(config).length === 0 ? undefined : modulesOfThreads();
  const workers = Array.from({ length: modules === undefined ? 0 : threads }, () =>
    startThread(config, modules!),
  );
  const dispose = (): void => {
    for (const worker of workers) worker.end();
  };
  const transform = async (example: Example, rng: Rng): Promise<Example> => {
    const ready = workers.filter((worker) => worker.isReady());
    if (ready.length === 0) return here(example, rng);
    const least = ready.reduce((a, b) => (b.waiting() < a.waiting() ? b : a));
    // What a thread could not do is done here, which throws the error as it is thrown without threads.
    return (await least.augment(example, rng.state())) ?? here(example, rng);
  };
  const started = Promise.all(workers.map(({ started }) => started)).then(
    (all) => all.filter((hasStarted) => hasStarted).length,
  );
  return { transform, started, dispose, [Symbol.dispose]: dispose };
}

interface Modules {
  readonly data: string;
  readonly core: string;
  /** What lets a thread load TypeScript, where it runs from sources. */
  readonly loader: string | undefined;
}

/** Where a thread finds this package and the one below it; undefined within a bundle, which has them not in files. */
function modulesOfThreads(): Modules | undefined {
  const here = typeof __filename === 'string' ? __filename : fileURLToPath(import.meta.url);
  const { resolve } = createRequire(here);
  try {
    const [data, core] = [resolve('@sshn/data'), resolve('@sshn/core')];
    // A copy that is installed beside a bundle may be of another version.
    if (!here.startsWith(dirname(data) + sep)) return undefined;
    const loader = data.endsWith('.ts') ? import.meta.resolve('tsx/esm/api') : undefined;
    const [dataUrl, coreUrl] = [data, core].map((path) => pathToFileURL(path).href) as [string, string];
    return { data: dataUrl, core: coreUrl, loader };
  } catch {
    return undefined;
  }
}

/** The program of a thread: neither `require` nor `import` of a file, so it runs as either kind of module. */
const program = `
const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads');
(async () => {
  if (workerData.loader !== undefined) (await import(workerData.loader)).register();
  // Of a CommonJS module all names are in its default.
  const [{ augment }, { Rng }] = await Promise.all(
    [workerData.data, workerData.core].map(async (url) => import(url).then((all) => all.default ?? all)),
  );
  const transform = augment(workerData.config);
  parentPort.on('message', ({ example, state }) => {
    let result;
    try {
      result = transform(example, Rng.fromState(state));
    } catch {}
    const arrays = result === undefined ? [] : [result.image, result.labels, result.movingLabels ?? result.labels];
    parentPort.postMessage(result, [...new Set(arrays.map(({ values }) => values.buffer))]);
  });
  parentPort.postMessage('ready');
})();`;

interface Thread {
  isReady(): boolean;
  readonly started: Promise<boolean>;
  /** Images given to it that have not come back. */
  waiting(): number;
  /** Undefined where it failed. Rejects if the thread is ended. */
  augment(example: Example, state: RngState): Promise<Example | undefined>;
  end(): void;
}

interface Job {
  readonly resolve: (example: Example | undefined) => void;
  readonly reject: (reason: Error) => void;
}

function startThread(config: AugmentConfig, modules: Modules): Thread {
  const worker = new Worker(program, { eval: true, workerData: { ...modules, config }, stderr: true });
  // It answers in the order of the questions.
  const jobs: Job[] = [];
  let state: 'starting' | 'ready' | 'gone' = 'starting';
  let tell: (hasStarted: boolean) => void;
  const started = new Promise<boolean>((resolve) => {
    tell = resolve;
  });
  worker.on('message', (message: Example | 'ready' | undefined) => {
    if (message === 'ready') {
      state = 'ready';
      tell(true);
    } else jobs.shift()?.resolve(message);
    // A thread that has nothing to do keeps no process from ending.
    if (jobs.length === 0) worker.unref();
  });
  const lose = (): void => {
    state = 'gone';
    tell(false);
    for (const job of jobs.splice(0)) job.resolve(undefined);
  };
  worker.on('error', lose);
  worker.on('exit', lose);
  return {
    isReady: () => state === 'ready',
    started,
    waiting: () => jobs.length,
    augment: (example, rngState) =>
      new Promise((resolve, reject) => {
        try {
          worker.postMessage({ example, state: rngState });
        } catch {
          return resolve(undefined); // It holds what cannot be copied to a thread.
        }
        jobs.push({ resolve, reject });
        worker.ref();
      }),
    end: () => {
      state = 'gone';
      const closed = new Error('The threads that augment images were ended.');
      for (const job of jobs.splice(0)) job.reject(closed);
      void worker.terminate();
    },
  };
}
