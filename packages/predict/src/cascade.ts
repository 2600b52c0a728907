import { ValueError } from '@sshn/core';
import { type Agreement, agreement, mostProbable } from '@sshn/losses';
import {
  type AccuracyCostPoint,
  type Cascade,
  isLimited,
  type Manifest,
  type PredictedDice,
  pick,
  predictDice,
  settingKey,
  settingText,
} from '@sshn/model';
import type { SettingChoice } from './setting-choice.js';

/** Ways to segment an image with several settings, from cheap to expensive: those of the model's `cascade`, its rungs. */
export interface CascadeOptions {
  /**
   * Also tells how sure the answer is: its `predictedDice`, and the `uncertainty` of every pixel. Runs all rungs up to the one that is
   * chosen, the most accurate within the budget; what they cost together is what the budget limits. @default false
   */
  readonly uncertainty?: boolean | undefined;
  /**
   * Runs rung after rung until the Dice predicted for this image reaches `dice`, as long as the other limits of the budget allow all rungs that
   * were run together. Needs `dice`. @default false
   */
  readonly cascade?: boolean | undefined;
}

/** Whether an image goes through rungs. */
export const isStepped = ({ uncertainty, cascade }: CascadeOptions): boolean =>
  uncertainty === true || cascade === true;

/** A model's rungs. @throws {ValueError} if it has none. */
export function rungsOf({ cascade }: Manifest): Cascade['rungs'] {
  if (cascade !== undefined) return cascade.rungs;
  throw new ValueError({
    where: 'uncertainty, cascade',
    got: 'a model that was not fitted to tell how sure it is',
    expected: 'one with a cascade in its manifest',
    hint: 'Run `sshn pareto` on its run: it learns that from the validation images.',
  });
}

/** What the answer of each rung costs, all rungs before it counted in, and its Dice on validation images. */
export function costsOfRungs(
  rungs: Cascade['rungs'],
  costOf: (rung: Cascade['rungs'][number]) => AccuracyCostPoint,
): AccuracyCostPoint[] {
  const sum = (a: number | null, b: number | null) => (a === null || b === null ? null : a + b);
  const points: AccuracyCostPoint[] = [];
  for (const rung of rungs) {
    const { gflops, milliseconds, mebibytes = null, ...place } = costOf(rung);
    const before = points.at(-1) ?? { gflops: 0, milliseconds: 0, mebibytes: 0 };
    points.push({
      ...place,
      dice: rung.dice,
      gflops: sum(before.gflops, gflops),
      milliseconds: sum(before.milliseconds, milliseconds),
      // One after the other: memory is that of the largest.
      mebibytes:
        mebibytes === null || typeof before.mebibytes !== 'number'
          ? null
          : Math.max(before.mebibytes, mebibytes),
    });
  }
  return points;
}

/**
 * The last rung that a choice allows, counted from 0, and why.
 *
 * @param points As `costsOfRungs` gives them.
 * @throws {BudgetError} if no rung is within the budget. @throws {ValueError} if words of a setting come with it, or a cascade has no Dice.
 */
export function lastRung(
  points: readonly AccuracyCostPoint[],
  {
    factor,
    width,
    inputResolution,
    gflops,
    milliseconds,
    mebibytes,
    dice,
    cascade,
  }: SettingChoice & CascadeOptions,
): { readonly rung: number; readonly reason: string } {
  for (const [name, value] of Object.entries({ factor, width, inputResolution })) {
    if (value === undefined) continue;
    throw new ValueError({
      where: `predict: ${name}`,
      got: value,
      expected: `none with uncertainty or cascade: those take the settings of the model's own cascade`,
      hint: 'A budget decides how far it goes: gflops, milliseconds, mebibytes, dice.',
    });
  }
  const costs = { gflops, milliseconds, mebibytes };
  const last = points.length - 1;
  if (cascade === true && !(dice !== undefined && dice >= 0 && dice <= 1)) {
    throw new ValueError({
      where: 'predict: dice',
      got: dice,
      expected: 'a Dice in [0, 1] that a cascade is to reach',
    });
  }
  const limits = cascade === true ? costs : { ...costs, dice };
  if (!isLimited(limits)) {
    const all = points.length === 1 ? 'its one setting' : `all ${points.length} settings of its cascade`;
    return {
      rung: last,
      reason: cascade === true ? `Until Dice ${dice} is predicted, or ${all} are run.` : `Runs ${all}.`,
    };
  }
  const { chosen, reason } = pick(points, limits);
  const rung = points.indexOf(chosen);
  return {
    rung,
    reason:
      cascade === true
        ? `Until Dice ${dice} is predicted, at most to the last within the budget. ${reason}`
        : reason,
  };
}

/** What came of going through rungs. */
export interface Stepped {
  /** Of the answer, counted from 0. */
  readonly rung: number;
  /** Of the answer, `[...size, labels]`. */
  readonly probabilities: Float32Array;
  readonly uncertainty: Agreement['uncertainty'];
  readonly predicted: PredictedDice;
}

/**
 * Goes through rungs up to the last, or until a Dice is predicted.
 *
 * @param asked Ends at the first rung that predicts it. @default goes on to the last
 * @param run The probabilities of a rung.
 */
export async function throughRungs(
  rungs: Cascade['rungs'],
  {
    last,
    asked,
    labels,
  }: { readonly last: number; readonly asked: number | undefined; readonly labels: number },
  run: (rung: number) => Promise<Float32Array>,
): Promise<Stepped> {
  let sum: Float32Array | undefined;
  for (let rung = 0; ; rung++) {
    const probabilities = await run(rung);
    if (sum === undefined) sum = probabilities.slice();
    else for (let i = 0; i < sum.length; i++) sum[i]! += probabilities[i]!;
    if (rung < last && asked === undefined) continue;
    const mean = sum.map((value) => value / (rung + 1));
    const { dice, uncertainty } = agreement(mostProbable(probabilities, labels), mean, labels);
    const predicted = predictDice(rungs[rung]!, dice);
    const isReached = asked !== undefined && predicted.mean !== null && predicted.mean >= asked;
    if (rung === last || isReached) return { rung, probabilities, uncertainty, predicted };
  }
}

/** Why a rung gave the answer, in one sentence. */
export function steppedReason(
  rungs: Cascade['rungs'],
  { rung, predicted }: Stepped,
  { cascade, dice }: SettingChoice & CascadeOptions,
  last: number,
): string {
  const round = (value: number) => Number(value.toFixed(3));
  const told =
    predicted.mean === null
      ? 'no Dice is predicted, as it finds no label whose Dice was fitted'
      : `its predicted Dice is ${round(predicted.mean)}, give or take ${round(predicted.error)}`;
  const isShort = cascade === true && !(predicted.mean !== null && predicted.mean >= dice!);
  const why =
    cascade !== true
      ? ''
      : isShort
        ? `; ${dice} was asked for, and ${last === rungs.length - 1 ? 'no setting is more accurate' : 'the budget allows no more'}`
        : `, as ${dice} was asked for`;
  return `Factor ${settingText(rungs[rung]!)}, setting ${rung + 1} of ${rungs.length}: ${told}${why}.`;
}

/** The point of a rung among known ones. */
export function pointOfRung(
  points: readonly AccuracyCostPoint[],
  rung: Cascade['rungs'][number],
): AccuracyCostPoint | undefined {
  const key = settingKey(rung);
  return points.find((point) => settingKey(point) === key);
}
