import { SshnError } from '@sshn/core';
import type { CallName, Calls, FromWorker, ToWorker } from './protocol.js';

/** What a handler gets besides its argument. */
export interface Context<Progress> {
  /** Tells the page how things stand. */
  report(progress: Progress): void;
  /** Aborted when the page wants the call to end early. */
  readonly signal: AbortSignal;
}

/** One function for each call. */
export type Handlers = {
  readonly [Name in CallName]: (
    argument: Calls[Name]['in'],
    context: Context<Calls[Name]['progress']>,
  ) => Promise<Calls[Name]['out']>;
};

/** The part of a Worker's global scope that is used here. */
export interface Port {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer: Transferable[]): void;
}

/** Answers the page's calls one after the other: tensors know one current backend, so no two may overlap. */
export function serve(handlers: Handlers, port: Port): void {
  const running = new Map<number, AbortController>();
  let queue = Promise.resolve();

  const send = (message: FromWorker) => port.postMessage(message, buffersIn(message));
  const run = async ({ id, name, argument }: Extract<ToWorker, { name: CallName }>) => {
    const { signal } = running.get(id)!;
    const report = (progress: unknown) => send({ id, progress });
    try {
      const handler = handlers[name] as (argument: unknown, context: Context<unknown>) => Promise<unknown>;
      send({ id, result: await handler(argument, { report, signal }) });
    } catch (error) {
      const isGpuLost = error instanceof Error && losses.has(error.name);
      send({ id, error: isGpuLost ? gpuLost : inWords(error), isGpuLost });
    } finally {
      running.delete(id);
    }
  };

  port.onmessage = ({ data }) => {
    if ('stop' in data) {
      running.get(data.id)?.abort();
      return;
    }
    running.set(data.id, new AbortController());
    queue = queue.then(() => run(data));
  };
}

const losses: ReadonlySet<string> = new Set(['WebglContextLostError', 'WebgpuDeviceLostError']);

/** The errors themselves are written for people who program. */
const gpuLost =
  'The browser took the graphics card away from this page: most often its memory was full, or a program ran for too long.';

/** Our own errors are written for people; others come with their kind. */
function inWords(error: unknown): string {
  if (error instanceof SshnError) return error.message;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** The memory of all arrays in a message: handed over, not copied. */
function buffersIn(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer];
  if (typeof value !== 'object' || value === null) return [];
  return [...new Set(Object.values(value).flatMap(buffersIn))];
}
