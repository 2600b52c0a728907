import { ValueError } from '@sshn/core';
import { type AccuracyCostPoint, settingKey } from '@sshn/model';
import type { ModelFacts } from './protocol.js';

/** Settings between which a service goes up and down; weights of each are predicted once per worker and kept. */
const mostRungs = 6;
/** Of the cost, between one setting and the next. */
const leastSaving = 0.05;

/**
 * The settings that a model goes through as load rises, the cheapest first: of its table those that no cheaper one matches in
 * Dice, else equal steps of the factor over the range of training. At most six, each of them 5 % cheaper than the next at least.
 *
 * @param leastDice No setting below it is taken.
 * @throws {ValueError} if `leastDice` is given and no setting is known to reach it.
 */
export function ladderOf(
  { name, points, factors: { low, high } }: Pick<ModelFacts, 'name' | 'points' | 'factors'>,
  leastDice?: number,
): readonly AccuracyCostPoint[] {
  const known = points.filter(({ factor }) => [factor].flat().every((one) => one >= low && one <= high));
  const isEvaluated = known.length > 0 && known.every(({ dice }) => dice !== null);
  if (leastDice !== undefined && !known.some(({ dice }) => dice !== null && dice >= leastDice)) {
    const best = Math.max(...known.map(({ dice }) => dice ?? 0));
    throw new ValueError({
      where: `minDice of ${name}`,
      got: leastDice,
      expected: isEvaluated ? `at most ${best}, the best in the model's table` : 'a model that was evaluated',
      ...(isEvaluated ? {} : { hint: 'Run `sshn pareto` on its run first.' }),
    });
  }
  const enough = known.filter(({ dice }) => leastDice === undefined || (dice ?? 0) >= leastDice);
  const front = worthwhile(isEvaluated ? frontOf(enough) : byCost(enough));
  if (front.length <= mostRungs) return front;
  return Array.from(
    { length: mostRungs },
    (_, i) => front[Math.round((i * (front.length - 1)) / (mostRungs - 1))]!,
  );
}

/** Without settings that give up accuracy for next to nothing: each saves a share of the cost of the next one. */
function worthwhile(points: readonly AccuracyCostPoint[]): AccuracyCostPoint[] {
  const kept: AccuracyCostPoint[] = [];
  for (const point of points.toReversed()) {
    const above = kept[0];
    if (above === undefined || (point.gflops ?? 0) <= (1 - leastSaving) * (above.gflops ?? 0))
      kept.unshift(point);
  }
  return kept;
}

function byCost(points: readonly AccuracyCostPoint[]): AccuracyCostPoint[] {
  return points.toSorted(
    (a, b) => (a.gflops ?? 0) - (b.gflops ?? 0) || (settingKey(a) < settingKey(b) ? -1 : 1),
  );
}

/** Points with more Dice than every cheaper one. */
function frontOf(points: readonly AccuracyCostPoint[]): AccuracyCostPoint[] {
  let best = Number.NEGATIVE_INFINITY;
  return byCost(points).filter(({ dice }) => {
    const isBetter = dice! > best;
    if (isBetter) best = dice!;
    return isBetter;
  });
}
