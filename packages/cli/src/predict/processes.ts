import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { SshnError } from '@sshn/core';
import type { Segmenter, SegmentOptions } from '@sshn/predict';
import { startBackend } from '../process/backend.js';
import { isSystemError } from '../process/exit.js';
import { predictorWord } from '../program-help.js';
import type { Input } from './inputs.js';
import { openSegmenter, type Predicted, type PredictFlags, predictImage } from './predict-image.js';

/** What all images have in common. */
export interface Setup {
  readonly modelPath: string;
  /** With the setting that was chosen, the same for all processes. */
  readonly options: SegmentOptions;
  readonly flags: PredictFlags;
}

/** Predicts one image at a time. */
export interface Predictor {
  /**
   * @param onProgress Called with the share of the image that is done.
   * @throws {SshnError} or an error of the system where the image is at fault.
   */
  predict(input: Input, onProgress: (share: number) => void): Promise<Predicted>;
  close(): Promise<void>;
}

/** A predictor in this process. */
export function predictHere(model: Segmenter, { options, flags }: Setup, signal: AbortSignal): Predictor {
  return {
    predict: (input, onProgress) =>
      predictImage(
        model,
        input,
        { ...options, signal, onProgress: ({ done, total }) => onProgress(done / total) },
        flags,
      ),
    close: async () => {},
  };
}

type ToChild =
  | { readonly kind: 'open'; readonly setup: Setup }
  | { readonly kind: 'predict'; readonly input: Input }
  | { readonly kind: 'stop' };

type FromChild =
  | { readonly kind: 'progress'; readonly share: number }
  | { readonly kind: 'done'; readonly predicted: Predicted }
  /** `isDefect`: not the image's fault, but ours. */
  | { readonly kind: 'failed'; readonly message: string; readonly isDefect: boolean };

/** An image that another process could not predict. */
class PredictorError extends SshnError {
  override readonly name = 'PredictorError';
}

/**
 * A predictor in a process of its own, which starts with its first image. Where the process ends over an image, that image is at
 * fault, and the next one gets a new process.
 *
 * @param signal Aborting ends between two tiles.
 */
export function predictElsewhere(setup: Setup, signal: AbortSignal): Predictor {
  let child: ChildProcess | undefined;
  const stop = () => void (child?.connected && child.send({ kind: 'stop' } satisfies ToChild, () => {}));
  signal.addEventListener('abort', stop);
  const started = (): ChildProcess => {
    if (child !== undefined) return child;
    // The command itself: from sources, a build or a bundle, whichever this process runs.
    child = fork(process.argv[1]!, [predictorWord], {
      serialization: 'advanced',
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    // A write to a process that has just ended fails; its end is what counts.
    child.on('error', () => {});
    child.send({ kind: 'open', setup } satisfies ToChild, () => {});
    return child;
  };
  return {
    predict: (input, onProgress) =>
      new Promise((resolve, reject) => {
        const process = started();
        const settle = (how: () => void) => {
          process.off('message', onMessage);
          process.off('exit', onExit);
          how();
        };
        const onMessage = (message: FromChild) => {
          if (message.kind === 'progress') onProgress(message.share);
          else if (message.kind === 'done') settle(() => resolve(message.predicted));
          else {
            const { isDefect, message: text } = message;
            settle(() => reject(isDefect ? new Error(text) : new PredictorError(text)));
          }
        };
        const onExit = (code: number | null, end: NodeJS.Signals | null) => {
          child = undefined;
          const text = `${input.path}: the process that predicted it ended (${end ?? `exit code ${code}`}). It may need more memory than there is: take fewer --processes.`;
          settle(() => reject(signal.aborted ? signal.reason : new PredictorError(text)));
        };
        process.on('message', onMessage);
        process.once('exit', onExit);
        process.send({ kind: 'predict', input } satisfies ToChild, () => {});
      }),
    async close() {
      signal.removeEventListener('abort', stop);
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const end = once(child, 'exit');
      if (child.connected) child.disconnect();
      await end;
    },
  };
}

/** The program of such a process: predicts what its parent sends, and ends with it. */
export function servePredictor(): void {
  const stopping = new AbortController();
  let opened: Promise<{ readonly model: Segmenter; readonly setup: Setup }> | undefined;
  const say = (message: FromChild) => void (process.connected && process.send?.(message, () => {}));
  // Ctrl-C reaches all processes of a terminal: the parent says when to stop.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
  process.on('disconnect', () => process.exit(0));
  process.on('message', async (message: ToChild) => {
    if (message.kind === 'stop') stopping.abort(new PredictorError('stopped'));
    else if (message.kind === 'open') {
      opened = open(message.setup);
      // Told to the first image.
      opened.catch(() => {});
    } else {
      try {
        const { model, setup } = await opened!;
        const predictor = predictHere(model, setup, stopping.signal);
        const predicted = await predictor.predict(message.input, (share) => say({ kind: 'progress', share }));
        say({ kind: 'done', predicted });
      } catch (error) {
        const isDefect = !(error instanceof SshnError) && !isSystemError(error);
        const { message: text, stack } = error instanceof Error ? error : new Error(String(error));
        say({ kind: 'failed', message: isDefect ? (stack ?? text) : text, isDefect });
      }
    }
  });
}

async function open(setup: Setup): Promise<{ model: Segmenter; setup: Setup }> {
  await startBackend(setup.flags, 'inference');
  return { model: await openSegmenter(setup.modelPath, setup.flags), setup };
}

/** Images for which it is worth to start a process. */
const worthAProcess = { raster: 16, volume: 2 } as const;

/**
 * How many processes predict, unless `--processes` says it: one for each core, where there are images enough for all of them;
 * one alone on a graphics card or in onnxruntime, which take the machine by themselves.
 */
export function usualProcesses({
  images,
  cores,
  kind,
  flags: { threads = 1, backend = 'wasm', runtime },
}: {
  readonly images: number;
  readonly cores: number;
  readonly kind: keyof typeof worthAProcess;
  readonly flags: Pick<PredictFlags, 'threads' | 'backend' | 'runtime'>;
}): number {
  if (backend !== 'wasm' || runtime !== 'tfjs') return 1;
  return Math.max(1, Math.min(Math.floor(cores / threads), Math.floor(images / worthAProcess[kind])));
}
