import type { ContestantName, PageReply, PageRequest } from './protocol.js';

/** A worker of the page in which one contestant computes on so many threads. */
export class Contestant {
  readonly #worker = new Worker(new URL('worker.ts', import.meta.url), { type: 'module' });

  private constructor(
    readonly name: ContestantName,
    readonly threads: number,
    /** What it runs on, in words. */
    readonly words: string,
  ) {}

  /** @returns why it is absent, if it cannot be measured here. */
  static async start(
    name: ContestantName,
    threads: number,
  ): Promise<Contestant | { readonly absent: string }> {
    const started = new Contestant(name, threads, '');
    const reply = await started.ask({ op: 'start', name, threads });
    if (reply.kind === 'ready') return Object.assign(started, { words: reply.words });
    started.close();
    return { absent: 'reason' in reply ? reply.reason : `answered '${reply.kind}'` };
  }

  /** Asks, and waits for the answer. */
  ask(request: PageRequest): Promise<PageReply> {
    const worker = this.#worker;
    return new Promise((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<PageReply>) => resolve(data);
      worker.onerror = ({ message }) => resolve({ kind: 'failed', reason: message || 'its worker stopped' });
      worker.postMessage(request);
    });
  }

  /** Mean milliseconds of so many computations. */
  async time(iterations: number): Promise<number> {
    const reply = await this.ask({ op: 'time', iterations });
    if (reply.kind === 'timed') return reply.ms;
    throw new Error(`${this.name}: ${'reason' in reply ? reply.reason : reply.kind}`);
  }

  close(): void {
    this.#worker.terminate();
  }
}
