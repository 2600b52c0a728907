import { type Factor, type ParamsOf, type Setting, setting } from '@sshn/core';
import type { Dataset } from '@sshn/data';
import { countModule } from '@sshn/flops';
import type { Scalable, ScalableSpecs } from '@sshn/hypernet';
import type { NamedSetting } from '@sshn/model';
import type { Task } from '../tasks/task.js';
import { diceOver, type SurfaceResult } from './segment.js';
import { timeForward } from './time-forward.js';

/**
 * What one trained network reaches at one setting.
 *
 * @typeParam At How its factors are given: `number` for one common to all downsampling steps, a list for separate ones.
 */
export interface FactorResult<At extends Factor = number> extends NamedSetting<At> {
  /** Mean hard Dice over foreground labels and images, in [0, 1]. */
  readonly dice: number;
  /** Mean Dice of each foreground label, by label name; NaN where a label occurs nowhere. */
  readonly diceByLabel: Readonly<Record<string, number>>;
  /** Image–label pairs without a defined Dice: absent from both prediction and truth. */
  readonly undefinedCases: number;
  /** Of registration: mean Dice of the labels before it. */
  readonly diceBefore?: number;
  /** Of registration: mean share of folded voxels, in percent. */
  readonly foldedPercent?: number;
  /** FLOPs of one forward pass, in units of 10⁹: on one image or, of a run that was trained on patches, on one patch. */
  readonly gflops: number;
  /** Mean Dice over the foreground labels of each image, in the order of the split; NaN where it is undefined. */
  readonly diceByImage?: readonly number[];
  /** Median time of such a forward pass here, in milliseconds; NaN where it was not measured. */
  readonly milliseconds: number;
  /** Between these lies the middle half of the times. */
  readonly millisecondsQuartiles?: readonly [low: number, high: number];
  /** Distances between surfaces, where they were asked for. */
  readonly surface?: SurfaceResult;
}

/** Images per forward pass when accuracy is measured. */
const batchSize = 4;

/** How `evaluateFactor` measures accuracy. */
const segmenting: Pick<Task, 'accuracy'> = {
  accuracy: async (...args) => ({ dice: await diceOver(...args) }),
};

/** What is measured at a setting, however its factors are given. */
export type Measured = Omit<FactorResult, keyof NamedSetting>;

/**
 * Accuracy over images, and cost per image, of a model at one factor, or at a list with one for each downsampling step.
 *
 * @throws {ValueError} if a factor is outside [0, 1], or the model takes more or fewer of them.
 */
export async function evaluateFactor<At extends Factor>(
  model: Scalable,
  params: ParamsOf<ScalableSpecs>,
  dataset: Dataset,
  ids: readonly string[],
  factor: At,
): Promise<FactorResult<At>> {
  const at = setting(factor);
  const measured = await measure(segmenting, model, params, dataset, ids, at);
  const [time] = await timeForward(model, params, [1, ...dataset.size, dataset.channels], [at]);
  return { factor, ...measured, ...time! };
}

/**
 * Accuracy and FLOPs at a setting; no time.
 *
 * @param size What the network sees at a time. @default the whole image
 */
export async function measure(
  task: Pick<Task, 'accuracy'>,
  model: Scalable,
  params: ParamsOf<ScalableSpecs>,
  dataset: Dataset,
  ids: readonly string[],
  at: Setting,
  size: readonly number[] = dataset.size,
): Promise<Measured> {
  const { dice: summary, registration } = await task.accuracy(model, params, dataset, ids, at, batchSize);
  const labels = [...summary.perLabel].map(
    ([label, { mean }]) => [dataset.labelNames[label]!, mean] as const,
  );
  return {
    dice: summary.mean,
    diceByLabel: Object.fromEntries(labels),
    undefinedCases: [...summary.perLabel.values()].reduce(
      (sum, { undefinedCases }) => sum + undefinedCases,
      0,
    ),
    ...(registration === undefined
      ? {}
      : { diceBefore: registration.before.mean, foldedPercent: registration.foldedPercent }),
    gflops: gflopsAt(model, { size, channels: dataset.channels }, at),
    diceByImage: summary.perCase,
    milliseconds: Number.NaN,
  };
}

/** FLOPs of one forward pass of the plain network on one image of a dataset, or one input of a size, in units of 10⁹. */
export function gflopsAt(
  model: Pick<Scalable, 'network'>,
  { size, channels }: Pick<Dataset, 'size' | 'channels'>,
  at: Setting,
): number {
  return countModule(model.network, { inputShape: [1, ...size, channels], at }).flops / 1e9;
}
