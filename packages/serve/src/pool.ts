import type { ChildProcess } from 'node:child_process';
import { SshnError } from '@sshn/core';
import type {
  Fault,
  FromWorker,
  Measured,
  ModelFacts,
  Prediction,
  WorkerOptions,
  WorkRequest,
} from './protocol.js';
import { startError, startWorker } from './worker-process.js';

/** The queue of the service is full. */
export class QueueFullError extends SshnError {
  override readonly name = 'QueueFullError';

  constructor(limit: number) {
    super(`The queue is full: ${limit} requests wait already. Try again later.`);
  }
}

/** A request that a worker process refused, or that ended one. */
export class WorkerFaultError extends SshnError {
  override readonly name = 'WorkerFaultError';

  constructor(readonly fault: Fault) {
    super(fault.message);
  }
}

/** What of the pool others may hear. */
export interface PoolEvents {
  /** A worker process ended that was not asked to. */
  onDeath(description: string): void;
  /** A request begins anew, as the worker that had it died. */
  onRetry(): void;
  /** The time of a model is known; or will not be. */
  onMeasured(measured: Measured): void;
}

export interface PoolOptions extends PoolEvents {
  readonly workers: number;
  /** Requests that wait at most, besides those that workers have. */
  readonly queue: number;
  readonly worker: Omit<WorkerOptions, 'measures'>;
}

/** How many processes there are of each kind, and how many requests wait. */
export interface PoolState {
  readonly total: number;
  readonly idle: number;
  readonly busy: number;
  readonly starting: number;
  readonly queued: number;
}

interface Job {
  readonly id: number;
  readonly prepare: () => WorkRequest;
  readonly signal: AbortSignal;
  readonly resolve: (prediction: Prediction) => void;
  readonly reject: (reason: unknown) => void;
  readonly onAbort: () => void;
  attempts: number;
}

interface Slot {
  child: ChildProcess | undefined;
  state: 'starting' | 'idle' | 'busy';
  job: Job | undefined;
  /** Ends a worker that goes on with a request nobody waits for. */
  reaper: NodeJS.Timeout | undefined;
  /** Deaths in a row before it was ready. */
  failures: number;
}

/** A request that nobody waits for ends between two tiles; a process that takes longer is replaced. */
const graceMs = 2000;
/** A request is given to another worker once: one that ends two is likely to be the reason. So is measuring. */
const mostAttempts = 2;

/**
 * Worker processes that predict, and the queue before them. A process that dies is replaced at once, and its request given to
 * another one.
 */
export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #slots: Slot[] = [];
  readonly #queue: Job[] = [];
  #nextId = 1;
  /** Models whose time is not known yet, the process that measures them, and how often that was begun. */
  readonly #unmeasured: Set<string>;
  #measurer: ChildProcess | undefined;
  #measurings = 0;
  #isClosing = false;
  #whenEmpty: (() => void) | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#unmeasured = new Set(options.worker.models.map(({ name }) => name));
  }

  /**
   * Starts the first process, then the others. The first also measures, beside its requests.
   *
   * @returns what the models are, when the first process has opened them.
   * @throws {FileError} if a model cannot be opened.
   */
  async start(): Promise<readonly ModelFacts[]> {
    const facts = await new Promise<readonly ModelFacts[]>((resolve, reject) => {
      this.#add({ resolve, reject });
    });
    for (let i = 1; i < this.#options.workers && !this.#isClosing; i++) this.#add();
    return facts;
  }

  get state(): PoolState {
    const count = (state: Slot['state']) => this.#slots.filter((slot) => slot.state === state).length;
    return {
      total: this.#options.workers,
      idle: count('idle'),
      busy: count('busy'),
      starting: count('starting'),
      queued: this.#queue.length,
    };
  }

  /** Process ids of the workers. */
  get pids(): readonly number[] {
    return this.#slots.flatMap(({ child }) => child?.pid ?? []);
  }

  get isFull(): boolean {
    return this.#queue.length >= this.#options.queue && !this.#slots.some(({ state }) => state === 'idle');
  }

  /**
   * Has a request predicted.
   *
   * @param prepare Called when a worker is free for it, so that the setting can follow the load; again if that worker dies.
   * @param signal Ends the waiting; the promise is then rejected with its reason.
   * @throws {QueueFullError} if too many wait. @throws {WorkerFaultError} if a worker refused it or it ended two.
   */
  run(prepare: () => WorkRequest, signal: AbortSignal): Promise<Prediction> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      if (this.isFull) return reject(new QueueFullError(this.#options.queue));
      const onAbort = (): void => this.#abandon(job);
      const job: Job = { id: this.#nextId++, prepare, signal, resolve, reject, onAbort, attempts: 0 };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(job);
      this.#dispatch();
    });
  }

  /** Resolves when no request waits or is worked on. */
  async drain(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
      this.#checkEmpty();
    });
  }

  /** Ends all processes. Requests that are left are refused. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const job of this.#queue.splice(0)) this.#settle(job, () => job.reject(new QueueFullError(0)));
    const ends = this.#slots.map(({ child }) => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return undefined;
      const end = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      return end;
    });
    await Promise.all(ends);
  }

  #add(first?: { resolve(facts: readonly ModelFacts[]): void; reject(error: unknown): void }): void {
    const slot: Slot = {
      child: undefined,
      state: 'starting',
      job: undefined,
      reaper: undefined,
      failures: 0,
    };
    this.#slots.push(slot);
    this.#spawn(slot, first);
  }

  #spawn(
    slot: Slot,
    first?: { resolve(facts: readonly ModelFacts[]): void; reject(error: unknown): void },
  ): void {
    const isMeasurer = this.#measurer === undefined && this.#measurings < mostAttempts;
    const measures = isMeasurer ? [...this.#unmeasured] : [];
    const child = startWorker({ ...this.#options.worker, measures });
    if (measures.length > 0) {
      this.#measurer = child;
      this.#measurings++;
    }
    slot.child = child;
    slot.state = 'starting';
    child.on('message', (message: FromWorker) => {
      if (message.kind === 'ready') {
        slot.failures = 0;
        slot.state = 'idle';
        first?.resolve(message.models);
        this.#dispatch();
      } else if (message.kind === 'failed') {
        first?.reject(startError(message.fault));
        this.#options.onDeath(`A worker process cannot start: ${message.fault.message}`);
        child.kill('SIGKILL');
      } else if (message.kind === 'measured') this.#measured(message.measured);
      else this.#finish(slot, message);
    });
    child.once('exit', (code, signal) => {
      if (child === this.#measurer) this.#endMeasuring();
      if (slot.child !== child) return;
      clearTimeout(slot.reaper);
      if (this.#isClosing) return;
      first?.reject(new Error(`The first worker process ended before it was ready (${signal ?? code}).`));
      this.#replace(slot, `Worker process ${child.pid} ended (${signal ?? `exit code ${code}`}).`);
    });
  }

  #measured(measured: Measured): void {
    this.#unmeasured.delete(measured.name);
    this.#options.onMeasured(measured);
  }

  /** The process that measured is gone: the next one goes on, unless it was the second. */
  #endMeasuring(): void {
    this.#measurer = undefined;
    if (this.#measurings < mostAttempts) return;
    const message = `Measuring ended ${mostAttempts} worker processes`;
    for (const name of this.#unmeasured) this.#measured({ name, fault: { kind: 'defect', message } });
  }

  #replace(slot: Slot, description: string): void {
    const { job, state } = slot;
    slot.job = undefined;
    slot.child = undefined;
    this.#options.onDeath(description);
    if (job !== undefined && !job.signal.aborted) {
      if (job.attempts < mostAttempts) {
        this.#options.onRetry();
        this.#queue.unshift(job);
      } else {
        const message = `The request ended ${mostAttempts} worker processes; the last: ${description}`;
        this.#settle(job, () => job.reject(new WorkerFaultError({ kind: 'defect', message })));
      }
    }
    slot.failures = state === 'starting' ? slot.failures + 1 : 0;
    slot.state = 'starting';
    const delay = slot.failures === 0 ? 0 : Math.min(10_000, 100 * 2 ** slot.failures);
    const again = setTimeout(() => {
      if (!this.#isClosing) this.#spawn(slot);
    }, delay);
    again.unref();
    this.#dispatch();
    this.#checkEmpty();
  }

  #dispatch(): void {
    for (const slot of this.#slots) {
      while (slot.state === 'idle') {
        const job = this.#queue.shift();
        if (job === undefined) return;
        this.#give(slot, job);
      }
    }
  }

  #give(slot: Slot, job: Job): void {
    let request: WorkRequest;
    try {
      request = job.prepare();
    } catch (error) {
      this.#settle(job, () => job.reject(error));
      return;
    }
    job.attempts++;
    slot.state = 'busy';
    slot.job = job;
    slot.child?.send({ kind: 'predict', id: job.id, request }, () => {});
  }

  #finish(slot: Slot, message: Extract<FromWorker, { id: number }>): void {
    const { job } = slot;
    if (job?.id !== message.id) return;
    clearTimeout(slot.reaper);
    slot.reaper = undefined;
    slot.job = undefined;
    slot.state = 'idle';
    this.#settle(job, () => {
      if (message.kind === 'done') job.resolve(message.prediction);
      else job.reject(new WorkerFaultError(message.fault));
    });
    this.#dispatch();
    this.#checkEmpty();
  }

  /** Nobody waits for the job any more. */
  #abandon(job: Job): void {
    const place = this.#queue.indexOf(job);
    if (place >= 0) this.#queue.splice(place, 1);
    const slot = this.#slots.find((one) => one.job === job);
    if (slot !== undefined) {
      slot.child?.send({ kind: 'cancel', id: job.id }, () => {});
      const { child } = slot;
      slot.reaper = setTimeout(() => child?.kill('SIGKILL'), graceMs);
    }
    this.#settle(job, () => job.reject(job.signal.reason));
    this.#checkEmpty();
  }

  #settle(job: Job, how: () => void): void {
    job.signal.removeEventListener('abort', job.onAbort);
    how();
  }

  #checkEmpty(): void {
    const isEmpty = this.#queue.length === 0 && this.#slots.every(({ job }) => job === undefined);
    if (isEmpty) this.#whenEmpty?.();
  }
}
