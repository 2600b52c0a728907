import { type ParamsOf, percentileOf, type Setting } from '@sshn/core';
import type { Scalable, ScalableSpecs } from '@sshn/hypernet';
import { dispose, type Tensor, zeros } from '@tensorflow/tfjs-core';

/** Forward passes of each turn that are timed, after one that is not. */
const passes = 3;

/** How long forward passes take, in milliseconds. */
export interface Timing {
  /** The median. */
  readonly milliseconds: number;
  /** Between these lies the middle half of the times. */
  readonly millisecondsQuartiles: readonly [low: number, high: number];
}

/** How times are measured. */
export interface TimingOptions {
  /** How often each setting has its turn. @default 5 */
  readonly turns?: number;
  /** Called after each turn of a setting. */
  readonly onTurn?: (done: number, total: number) => void;
  /** Aborting ends after the turn under way, with an empty result. */
  readonly signal?: AbortSignal;
}

/**
 * Times of the plain network on one image at several settings; weights are predicted beforehand. The settings take turns,
 * so that what else the machine does for a while falls on all of them alike.
 *
 * @returns One per setting, in their order; none if it was aborted.
 */
export async function timeForward(
  model: Scalable,
  params: ParamsOf<ScalableSpecs>,
  inputShape: readonly number[],
  settings: readonly Setting[],
  { turns = 5, onTurn, signal }: TimingOptions = {},
): Promise<Timing[]> {
  const times = settings.map((): number[] => []);
  const image = zeros([...inputShape]);
  try {
    for (let turn = 0; turn < turns; turn++) {
      for (const [i, at] of settings.entries()) {
        if (signal?.aborted) return [];
        times[i]!.push(...(await timeTurn(model, params, image, at)));
        onTurn?.(turn * settings.length + i + 1, turns * settings.length);
      }
    }
  } finally {
    image.dispose();
  }
  return times.map((of) => ({
    milliseconds: percentileOf(of, 50),
    millisecondsQuartiles: [percentileOf(of, 25), percentileOf(of, 75)],
  }));
}

async function timeTurn(
  model: Scalable,
  params: ParamsOf<ScalableSpecs>,
  image: Tensor,
  at: Setting,
): Promise<number[]> {
  const weights = model.specialize(params, at);
  const times: number[] = [];
  try {
    for (let pass = 0; pass <= passes; pass++) {
      const began = performance.now();
      const logits = model.network.apply(weights, image, at);
      await logits.data();
      logits.dispose();
      if (pass > 0) times.push(performance.now() - began);
    }
  } finally {
    dispose([weights as unknown as Tensor]);
  }
  return times;
}
