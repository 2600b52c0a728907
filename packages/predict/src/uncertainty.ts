import { agreement, mostProbable } from '@sshn/losses';
import { type GridWindow, LabelWriter } from './probabilities.js';

/** Probabilities of the answer and their mean over settings, `[pixels, 2 · labels]`, so that both are blended in one pass. */
export function interleaved(answer: Float32Array, mean: Float32Array, labels: number): Float32Array {
  const both = new Float32Array(2 * answer.length);
  for (let from = 0; from < answer.length; from += labels) {
    both.set(answer.subarray(from, from + labels), 2 * from);
    both.set(mean.subarray(from, from + labels), 2 * from + labels);
  }
  return both;
}

/** Takes such planes and gives the uncertainty on the image's own grid, interpolated as probabilities are; 0 where the network did not look. */
export class UncertaintyWriter {
  readonly #writer: LabelWriter;

  constructor(
    window: GridWindow,
    private readonly labels: number,
  ) {
    this.#writer = new LabelWriter(window, 2, true);
  }

  /** The next plane of the window. @returns the probabilities of the answer */
  push(plane: Float32Array): Float32Array {
    const { labels } = this;
    const [answer, mean] = [new Float32Array(plane.length / 2), new Float32Array(plane.length / 2)];
    for (let to = 0; to < answer.length; to += labels) {
      answer.set(plane.subarray(2 * to, 2 * to + labels), to);
      mean.set(plane.subarray(2 * to + labels, 2 * to + 2 * labels), to);
    }
    const { uncertainty } = agreement(mostProbable(answer, labels), mean, labels);
    const pairs = new Float32Array(2 * uncertainty.length);
    for (const [i, value] of uncertainty.entries()) pairs.set([1 - value, value], 2 * i);
    this.#writer.push(pairs);
    return answer;
  }

  /** Of every pixel, once all planes are there. */
  get values(): Float32Array {
    const { labels, probabilities } = this.#writer;
    return Float32Array.from(labels, (_, i) => probabilities![2 * i + 1]!);
  }
}
