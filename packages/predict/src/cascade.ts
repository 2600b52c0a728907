import { ValueError } from '@sshn/core';
import {
  type AccuracyCostPoint,
  type Cascade,
  isLimited,
  type Manifest,
  pick,
  settingKey,
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
   * were run together. Each tile, and each slice of a volume, goes as far as it needs by itself; one in which a rung finds no label ends
   * there. Needs `dice`.
   *
   * @default of `predict`: true where `dice` comes with a limit of cost that allows the model's first rung at least, without `flips`
   */
  readonly cascade?: boolean | undefined;
}

const costs = ['gflops', 'milliseconds', 'mebibytes'] as const;

/**
 * Whether an image goes through rungs until the Dice asked for is predicted: as `cascade` says; by default where `dice` comes with a limit of
 * cost that the first rung is known to keep, and with nothing that rungs do not go with.
 *
 * @param points As `costsOfRungs` gives them; none of a model without a cascade.
 */
export function isCascaded(
  points: readonly AccuracyCostPoint[],
  choice: SettingChoice & CascadeOptions & { readonly flips?: boolean | undefined },
): boolean {
  const { cascade, dice, flips, factor, width, inputResolution } = choice;
  if (cascade !== undefined) return cascade;
  const [first] = points;
  const isSetting = [factor, width, inputResolution].some((word) => word !== undefined);
  if (first === undefined || dice === undefined || flips === true || isSetting) return false;
  const limited = costs.filter((cost) => choice[cost] !== undefined);
  return (
    limited.length > 0 && limited.every((cost) => (first[cost] ?? Number.POSITIVE_INFINITY) <= choice[cost]!)
  );
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
  const allowed = { gflops, milliseconds, mebibytes };
  const last = points.length - 1;
  if (cascade === true && !(dice !== undefined && dice >= 0 && dice <= 1)) {
    throw new ValueError({
      where: 'predict: dice',
      got: dice,
      expected: 'a Dice in [0, 1] that a cascade is to reach',
    });
  }
  const limits = cascade === true ? allowed : { ...allowed, dice };
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

/** The point of a rung among known ones. */
export function pointOfRung(
  points: readonly AccuracyCostPoint[],
  rung: Cascade['rungs'][number],
): AccuracyCostPoint | undefined {
  const key = settingKey(rung);
  return points.find((point) => settingKey(point) === key);
}
