import { Rng } from '@sshn/core';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { Task } from '../input/loss.js';
import type { Rows } from './double-precision.js';

/** One sample, pixel by pixel, channel by channel; only pixels that count. */
export interface Sample {
  readonly logits: Rows;
  readonly truth: Rows;
}

/** A batch as tensors, and again as plain numbers without the ignored pixels. */
export interface TaskCase {
  readonly logits: Tensor;
  /** The truth in every form that the task takes. */
  readonly labels: readonly Tensor[];
  readonly samples: readonly Sample[];
}

/**
 * A random batch `[...shape, channels]` for a task. About a third of the pixels have the label `ignoreLabel`; among
 * integers it may be one that is no channel.
 */
export function taskCase(
  task: Task,
  shape: readonly number[],
  channels: number,
  { ignoreLabel, seed = 1 }: { readonly ignoreLabel?: number | undefined; readonly seed?: number } = {},
): TaskCase {
  const rng = Rng.fromSeed(seed);
  const pixels = shape.reduce((product, n) => product * n, 1);
  const logitRows = rows(pixels, () =>
    Array.from({ length: channels }, () => Math.fround(1.5 * rng.normal())),
  );
  const kinds = task === 'binary' ? 2 : channels;
  const integers = rows(pixels, () => {
    const isIgnored = ignoreLabel !== undefined && rng.uniform() < 0.3;
    return isIgnored ? ignoreLabel : rng.integer(kinds);
  });
  const truthRows = integers.map((label) => {
    if (task === 'binary') return [label === 1 ? 1 : 0];
    if (task === 'multiclass') return oneHot(label, channels);
    // An ignored pixel has that channel set; of the others, any number.
    return Array.from({ length: channels }, (_, l) =>
      l === ignoreLabel ? Number(label === l) : Number(rng.uniform() < 0.4),
    );
  });
  const counts = integers.map((label) => label !== ignoreLabel);
  const perSample = pixels / shape[0]!;
  const isChannel =
    ignoreLabel === undefined || (ignoreLabel >= 0 && ignoreLabel < channels && task !== 'binary');
  return {
    logits: tensor(logitRows.flat(), [...shape, channels]),
    labels: [
      ...(task === 'multilabel' ? [] : [tensor(integers, [...shape], 'int32')]),
      ...(isChannel ? [tensor(truthRows.flat(), [...shape, channels])] : []),
    ],
    samples: rows(shape[0]!, (b) => {
      const kept = Array.from({ length: perSample }, (_, i) => b * perSample + i).filter((i) => counts[i]);
      return { logits: kept.map((i) => logitRows[i]!), truth: kept.map((i) => truthRows[i]!) };
    }),
  };
}

function rows<T>(length: number, make: (index: number) => T): T[] {
  return Array.from({ length }, (_, i) => make(i));
}

function oneHot(label: number, channels: number): number[] {
  return Array.from({ length: channels }, (_, l) => Number(l === label));
}
