import type { FromWorker, Pixels, Segmentation, ToWorker } from './messages.js';

interface Call {
  readonly resolve: (segmentation: Segmentation) => void;
  readonly reject: (reason: unknown) => void;
}

/** A Worker with a model in it, as an object. */
export class SegmenterWorker {
  private readonly worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  private readonly open = new Map<number, Call>();
  private lastId = 0;

  /** @param model Address of a model file. */
  constructor(model: string) {
    this.worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      const call = this.open.get(data.id);
      this.open.delete(data.id);
      if (data.kind === 'segmented') call?.resolve(data.segmentation);
      else call?.reject(new Error(data.message));
    };
    this.worker.onerror = ({ message }) => {
      for (const { reject } of this.open.values())
        reject(new Error(message || 'The Worker could not be loaded.'));
      this.open.clear();
    };
    this.tell({ kind: 'load', model: new URL(model, document.baseURI).href });
  }

  /** Segments an image. Aborting rejects with the signal's reason; a task that has not begun is never done. */
  segment(image: Pixels, factor: number, signal: AbortSignal): Promise<Segmentation> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.open.set(id, { resolve, reject });
      const { data, width, height } = image;
      this.tell({ kind: 'segment', id, image: { data, width, height }, factor });
      signal.addEventListener('abort', () => {
        if (!this.open.delete(id)) return;
        this.tell({ kind: 'abort', id });
        reject(signal.reason);
      });
    });
  }

  /** Ends the Worker, and with it frees all memory that it holds. */
  dispose(): void {
    this.worker.terminate();
    this.open.clear();
  }

  private tell(message: ToWorker): void {
    this.worker.postMessage(message);
  }
}
