import type { Reply, Request, Segmentation } from './messages.js';

/** The Worker as an object with one asynchronous method. */
export class Segmenter {
  private readonly worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  private readonly open = new Map<number, Call>();
  private lastId = 0;
  /** What computes, and what the labels are called. */
  readonly ready: Promise<{ readonly backend: string; readonly labelNames: readonly string[] }>;

  constructor() {
    this.ready = new Promise((resolve, reject) => {
      this.worker.onerror = ({ message }) => reject(new Error(message || 'The Worker could not be loaded.'));
      this.worker.onmessage = ({ data }: MessageEvent<Reply>) => {
        if (data.kind === 'ready') resolve(data);
        else if (data.kind === 'failed' && data.id === undefined) reject(new Error(data.message));
        else this.settle(data);
      };
    });
  }

  /** Segments a picture. @param bitmap Is handed over: it is empty afterwards. */
  segment(bitmap: ImageBitmap, factor: number): Promise<Segmentation> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.open.set(id, { resolve, reject });
      this.worker.postMessage({ id, bitmap, factor } satisfies Request, [bitmap]);
    });
  }

  /** Ends the Worker and frees all that it holds. */
  dispose(): void {
    this.worker.terminate();
    for (const { reject } of this.open.values()) reject(new Error('The Worker was ended.'));
    this.open.clear();
  }

  private settle(reply: Exclude<Reply, { kind: 'ready' }>): void {
    const call = this.open.get(reply.id!);
    this.open.delete(reply.id!);
    if (reply.kind === 'segmented') call?.resolve(reply.segmentation);
    else call?.reject(new Error(reply.message));
  }
}

interface Call {
  readonly resolve: (segmentation: Segmentation) => void;
  readonly reject: (error: Error) => void;
}
