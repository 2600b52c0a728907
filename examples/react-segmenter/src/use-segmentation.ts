import { useEffect, useState } from 'react';
import type { Pixels, Segmentation } from './messages.js';
import { SegmenterWorker } from './segmenter-worker.js';

/** What is known of the image so far. */
export interface SegmentationState {
  /** The newest there is; of an earlier factor while the next one is computed. */
  readonly segmentation: Segmentation | undefined;
  readonly error: Error | undefined;
  readonly isWorking: boolean;
}

const nothing: SegmentationState = { segmentation: undefined, error: undefined, isWorking: true };

/**
 * Segments an image in a Worker, anew whenever image or factor change.
 *
 * A change calls off what was under way; its answer is never shown. Another model, or the end of the component, ends the
 * Worker. In StrictMode React begins every effect twice: the first Worker is ended before it has loaded anything.
 */
export function useSegmentation(model: string, image: Pixels, factor: number): SegmentationState {
  const [worker, setWorker] = useState<SegmenterWorker>();
  const [state, setState] = useState(nothing);

  useEffect(() => {
    const own = new SegmenterWorker(model);
    setState(nothing);
    setWorker(own);
    return () => {
      own.dispose();
      setWorker(undefined);
    };
  }, [model]);

  useEffect(() => {
    if (worker === undefined) return undefined;
    const controller = new AbortController();
    setState((before) => ({ ...before, isWorking: true }));
    worker.segment(image, factor, controller.signal).then(
      (segmentation) => {
        if (!controller.signal.aborted) setState({ segmentation, error: undefined, isWorking: false });
      },
      (error: Error) => {
        if (!controller.signal.aborted) setState((before) => ({ ...before, error, isWorking: false }));
      },
    );
    return () => controller.abort();
  }, [worker, image, factor]);

  return state;
}
