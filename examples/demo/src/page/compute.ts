import type { CallName, Calls, FromWorker, ToWorker } from '../worker/protocol.js';

/** What went wrong in a Worker, in words for people. */
export class ComputeError extends Error {
  override readonly name = 'ComputeError';

  constructor(
    message: string,
    /** Whether another backend has to be started before anything computes again. */
    readonly isGpuLost: boolean,
  ) {
    super(message);
  }
}

/** What a call may be given besides its argument. */
export interface CallOptions<Progress> {
  readonly onProgress?: (progress: Progress) => void;
  /** Ends the call early; what it has by then is its result. */
  readonly signal?: AbortSignal;
  /** Memory that is handed over to the Worker in place of a copy. */
  readonly transfer?: readonly ArrayBuffer[];
}

/** A Worker that computes: the page itself touches no tensor. */
export class Compute {
  private readonly worker = new Worker(new URL('../worker/worker.ts', import.meta.url), { type: 'module' });
  private readonly open = new Map<number, (message: FromWorker) => void>();
  private lastId = 0;

  constructor() {
    this.worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.open.get(data.id)?.(data);
    this.worker.onerror = (event) => {
      const error = `The computing part of the page failed: ${event.message || 'it could not be loaded'}`;
      for (const [id, settle] of this.open) settle({ id, error });
    };
  }

  /** Asks the Worker; rejects with its error, in words for people. */
  call<Name extends CallName>(
    name: Name,
    argument: Calls[Name]['in'],
    { onProgress, signal, transfer = [] }: CallOptions<Calls[Name]['progress']> = {},
  ): Promise<Calls[Name]['out']> {
    const id = ++this.lastId;
    const send = (message: ToWorker) => this.worker.postMessage(message, [...transfer]);
    return new Promise((resolve, reject) => {
      this.open.set(id, (message) => {
        if ('progress' in message) {
          onProgress?.(message.progress as Calls[Name]['progress']);
          return;
        }
        this.open.delete(id);
        if ('error' in message) reject(new ComputeError(message.error, message.isGpuLost === true));
        else resolve(message.result as Calls[Name]['out']);
      });
      send({ id, name, argument });
      signal?.addEventListener('abort', () => this.worker.postMessage({ id, stop: true } satisfies ToWorker));
    });
  }
}
