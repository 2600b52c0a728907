import { Worker } from 'node:worker_threads';
import { multiplyAddModule } from './multiply-add.js';

/** Words that the threads share: rounds begun, threads done in this round, iterations asked for. */
const ROUND = 0;
const DONE = 1;
const ITERATIONS = 2;

const helper = `
const { bytes, words } = require('node:worker_threads').workerData;
const { work } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
for (let round = 0; ; ) {
  Atomics.wait(words, ${ROUND}, round);
  round = Atomics.load(words, ${ROUND});
  work(Atomics.load(words, ${ITERATIONS}));
  Atomics.add(words, ${DONE}, 1);
  Atomics.notify(words, ${DONE});
}`;

/** Runs the loop of `multiplyAddModule` on several threads at once. */
export class MultiplyAddThreads {
  readonly #words = new Int32Array(new SharedArrayBuffer(12));
  readonly #helpers: readonly Worker[];
  readonly #work: (iterations: number) => number;

  constructor(threads: number) {
    const bytes = multiplyAddModule();
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    this.#work = exports.work as (iterations: number) => number;
    this.#helpers = Array.from({ length: threads - 1 }, () => {
      const worker = new Worker(helper, { eval: true, workerData: { bytes, words: this.#words } });
      worker.unref();
      return worker;
    });
  }

  /** Each thread does so many iterations; returns when all are done. */
  run(iterations: number): void {
    const words = this.#words;
    Atomics.store(words, DONE, 0);
    Atomics.store(words, ITERATIONS, iterations);
    Atomics.add(words, ROUND, 1);
    Atomics.notify(words, ROUND);
    this.#work(iterations);
    for (;;) {
      const done = Atomics.load(words, DONE);
      if (done === this.#helpers.length) return;
      Atomics.wait(words, DONE, done);
    }
  }

  /** Ends the threads. */
  dispose(): void {
    for (const worker of this.#helpers) void worker.terminate();
  }
}
