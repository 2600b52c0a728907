import { agreement, mostProbable } from '@sshn/losses';
import { type Cascade, type PredictedDice, predictDice, settingText } from '@sshn/model';
import type { CascadeOptions } from './cascade.js';
import type { SettingChoice } from './setting-choice.js';

/** What came of going through rungs with a part of an image: a tile, a slice, or all of it. */
export interface Stepped {
  /** Of the answer, counted from 0. */
  readonly rung: number;
  /** Of the answer, `[...size, labels]`. */
  readonly probabilities: Float32Array;
  /** Over the rungs that were run, likewise. */
  readonly mean: Float32Array;
  readonly predicted: PredictedDice;
  /** Of each label but the background, how much it weighs beside other parts: see `agreement` of @sshn/losses. */
  readonly sums: readonly number[];
}

/** How far a part goes. */
interface Way {
  /** The last rung, counted from 0. */
  readonly last: number;
  /** Ends at the first rung that predicts this Dice; undefined goes on to the last. */
  readonly asked: number | undefined;
  /** How many there are, the background included. */
  readonly labels: number;
  /** Whether the answer is that of the mean over the rungs, rather than of the last one by itself. */
  readonly isMean: boolean;
  /** Whether it is one of several parts: then it also ends where no label is found, as most of an image may be background. */
  readonly isPart: boolean;
}

/**
 * Goes through rungs up to the last, or until a Dice is predicted.
 *
 * @param run The probabilities of a rung.
 */
export async function throughRungs(
  rungs: Cascade['rungs'],
  { last, asked, labels, isMean, isPart }: Way,
  run: (rung: number) => Promise<Float32Array>,
): Promise<Stepped> {
  let sum: Float32Array | undefined;
  for (let rung = 0; ; rung++) {
    const own = await run(rung);
    if (sum === undefined) sum = own.slice();
    else for (let i = 0; i < sum.length; i++) sum[i]! += own[i]!;
    if (rung < last && asked === undefined) continue;
    const mean = sum.map((value) => value / (rung + 1));
    const probabilities = isMean ? mean : own;
    const { dice, sums } = agreement(mostProbable(probabilities, labels), mean, labels);
    const predicted = predictDice(rungs[rung]!, dice);
    const isReached = asked !== undefined && predicted.mean !== null && predicted.mean >= asked;
    const isEmpty = isPart && dice.every(Number.isNaN);
    if (rung === last || isReached || isEmpty) return { rung, probabilities, mean, predicted, sums };
  }
}

/** The parts of an image together. */
export interface Joined {
  /** How many parts each rung gave the answer of. */
  readonly answered: readonly number[];
  /** Of parts in which a label was found, how many stayed below what was asked. */
  readonly short: number;
  readonly predicted: PredictedDice;
}

/**
 * The Dice of an image from that of its parts, each weighted by how much of a label it has: as Dice itself is the mean of that of the parts.
 *
 * @param of How many rungs there are.
 * @param asked The Dice that was asked of each.
 */
export function joinParts(
  parts: ReadonlyArray<Pick<Stepped, 'rung' | 'predicted' | 'sums'>>,
  { of, asked = 0 }: { readonly of: number; readonly asked: number | undefined },
): Joined {
  const labels = parts[0]!.predicted.labels.map((_, label) =>
    weighted(
      parts.flatMap(({ predicted, sums }) => {
        const one = predicted.labels[label];
        return one === null || one === undefined ? [] : [{ ...one, weight: sums[label]! }];
      }),
    ),
  );
  const known = labels.flatMap((one) => one ?? []);
  const all = parts.map(({ predicted: { labels: found, error }, sums }) => ({
    dice: 0,
    error,
    weight: found.reduce((sum, one, label) => sum + (one === null ? 0 : sums[label]!), 0),
  }));
  return {
    answered: Array.from({ length: of }, (_, rung) => parts.filter((part) => part.rung === rung).length),
    short: parts.filter(({ predicted: { mean } }) => mean !== null && mean < asked).length,
    predicted: {
      labels,
      mean: known.length === 0 ? null : known.reduce((sum, { dice }) => sum + dice, 0) / known.length,
      error: weighted(all)?.error ?? parts[0]!.predicted.error,
    },
  };
}

function weighted(
  values: ReadonlyArray<{ readonly dice: number; readonly error: number; readonly weight: number }>,
): { readonly dice: number; readonly error: number } | null {
  const total = values.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0) return null;
  const mean = (of: 'dice' | 'error') => values.reduce((sum, one) => sum + one.weight * one[of], 0) / total;
  return { dice: mean('dice'), error: mean('error') };
}

/** Why a rung gave the answer, in one sentence; of several parts, why the dearest that was run did. */
export function steppedReason(
  rungs: Cascade['rungs'],
  { answered, short, predicted }: Joined,
  { cascade, dice }: SettingChoice & CascadeOptions,
  last: number,
): string {
  const round = (value: number) => Number(value.toFixed(3));
  const told =
    predicted.mean === null
      ? 'no Dice is predicted, as it finds no label whose Dice was fitted'
      : `its predicted Dice is ${round(predicted.mean)}, give or take ${round(predicted.error)}`;
  const rung = answered.findLastIndex((count) => count > 0);
  const parts = answered.reduce((sum, count) => sum + count, 0);
  const below = parts > 1 && short > 0 ? `, ${short} of ${parts} parts stay below` : '';
  const isLast = last === rungs.length - 1;
  const isShort = short > 0 || predicted.mean === null;
  // Without any label, several parts ended before the last rung.
  const why =
    cascade !== true || (predicted.mean === null && rung < last)
      ? ''
      : isShort
        ? `; ${dice} was asked for${below}, and ${isLast ? 'no setting is more accurate' : 'the budget allows no more'}`
        : `, as ${dice} was asked for`;
  return `Factor ${settingText(rungs[rung]!)}, setting ${rung + 1} of ${rungs.length}: ${told}${why}.`;
}

/**
 * How far the parts of an image went, in one sentence.
 *
 * @param noun Of the parts, such as 'slices'.
 * @param gflops Of all of them together.
 */
export function partsNote({ answered }: Joined, noun: string, gflops: number): string {
  const parts = answered.reduce((sum, count) => sum + count, 0);
  const each = answered.flatMap((count, rung) => (count === 0 ? [] : [`${count} with setting ${rung + 1}`]));
  const mean = Number((gflops / parts).toPrecision(3));
  return `Of ${parts} ${noun} ${each.join(', ')} of the ${answered.length} of the cascade, ${mean} GFLOPs each on average.`;
}
