import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

/** What worker threads do. */
export interface WorkerTask {
  /**
   * Source of a function of this package, `@sshn/core` and `given`, which runs in the thread. It returns one that answers a
   * question, at once or later; the arrays in its answer are given away.
   */
  readonly program: string;
  /** Copied to every thread. */
  readonly given?: object;
  /** What pending questions are rejected with when the threads are ended. */
  readonly ended: string;
}

/** Worker threads that answer questions. */
export interface Workers<Question, Answer> {
  /** Undefined where no thread has started yet, it died, or threw: the answer is to be found here. Rejects if the threads are ended. */
  ask(question: Question): Promise<Answer | undefined>;
  /** How many threads work, known as soon as each has started or failed to. */
  readonly started: Promise<number>;
  dispose(): void;
}

/** Starts so many threads; none within a bundle, which has no file for a thread to load. They keep no process from ending. */
export function startWorkers<Question, Answer extends object>(
  count: number,
  task: WorkerTask,
): Workers<Question, Answer> {
  const modules = count === 0 ? undefined : modulesOfThreads();
  const threads = Array.from({ length: modules === undefined ? 0 : count }, () =>
    startThread<Question, Answer>(task, modules!),
  );
  return {
    ask: async (question) => {
      const ready = threads.filter((thread) => thread.isReady());
      if (ready.length === 0) return undefined;
      return ready.reduce((a, b) => (b.waiting() < a.waiting() ? b : a)).ask(question);
    },
    started: Promise.all(threads.map(({ started }) => started)).then(
      (all) => all.filter((hasStarted) => hasStarted).length,
    ),
    dispose: () => {
      for (const thread of threads) thread.end();
    },
  };
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

/** What a thread runs: neither `require` nor `import` of a file, so it runs as either kind of module. */
const frame = (program: string): string => `
const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads');
const buffersIn = (value) =>
  ArrayBuffer.isView(value) ? [value.buffer]
  : typeof value === 'object' && value !== null ? Object.values(value).flatMap(buffersIn)
  : [];
(async () => {
  if (workerData.loader !== undefined) (await import(workerData.loader)).register();
  // Of a CommonJS module all names are in its default.
  const [data, core] = await Promise.all(
    [workerData.data, workerData.core].map(async (url) => import(url).then((all) => all.default ?? all)),
  );
  const answer = (${program})(data, core, workerData.given);
  let before = Promise.resolve();
  parentPort.on('message', (question) => {
    before = before.then(async () => {
      try {
        const result = await answer(question);
        parentPort.postMessage(result, [...new Set(buffersIn(result))]);
      } catch {
        parentPort.postMessage(undefined);
      }
    });
  });
  parentPort.postMessage('ready');
})();`;

interface Thread<Question, Answer> {
  isReady(): boolean;
  readonly started: Promise<boolean>;
  /** How many questions have no answer yet. */
  waiting(): number;
  ask(question: Question): Promise<Answer | undefined>;
  end(): void;
}

interface Job<Answer> {
  readonly resolve: (answer: Answer | undefined) => void;
  readonly reject: (reason: Error) => void;
}

function startThread<Question, Answer extends object>(
  { program, given, ended }: WorkerTask,
  modules: Modules,
): Thread<Question, Answer> {
  const worker = new Worker(frame(program), { eval: true, workerData: { ...modules, given }, stderr: true });
  // It answers in the order of the questions.
  const jobs: Array<Job<Answer>> = [];
  let state: 'starting' | 'ready' | 'gone' = 'starting';
  let tell: (hasStarted: boolean) => void;
  const started = new Promise<boolean>((resolve) => {
    tell = resolve;
  });
  worker.on('message', (message: Answer | 'ready' | undefined) => {
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
    ask: (question) =>
      new Promise((resolve, reject) => {
        try {
          worker.postMessage(question);
        } catch {
          return resolve(undefined); // It holds what cannot be copied to a thread.
        }
        jobs.push({ resolve, reject });
        worker.ref();
      }),
    end: () => {
      state = 'gone';
      for (const job of jobs.splice(0)) job.reject(new Error(ended));
      void worker.terminate();
    },
  };
}
