import { SshnError, ValueError } from '@sshn/core';
import { type AccuracyCostPoint, settingOrder, settingText } from './point.js';

/**
 * What a network may cost and has to reach; at least one of them. The same words in the library, the command line, the service
 * and the demo.
 */
export interface Budget {
  /** Of one image at most, in units of 10⁹ FLOPs, ≥ 0. */
  readonly gflops?: number | undefined;
  /** Of one image at most, on this device as `calibrate` measured it, ≥ 0. */
  readonly milliseconds?: number | undefined;
  /** Of the plain network's weights and what it computes for one image at most, ≥ 0. */
  readonly mebibytes?: number | undefined;
  /** Mean foreground Dice at least, in [0, 1]. */
  readonly dice?: number | undefined;
}

type Quantity = keyof Budget;

/** One limit of a budget. */
interface Limit {
  readonly quantity: Quantity;
  readonly bound: number;
  /** 1 for what must not be above the bound, −1 for what must not be below it. */
  readonly sign: 1 | -1;
}

const kinds = {
  milliseconds: { unit: 'ms', sign: 1 },
  gflops: { unit: 'GFLOPs', sign: 1 },
  mebibytes: { unit: 'MiB', sign: 1 },
  dice: { unit: 'Dice', sign: -1 },
} as const;

const quantities = Object.keys(kinds) as Quantity[];

/** Whether anything is limited. */
export const isLimited = (budget: Budget): boolean =>
  quantities.some((quantity) => budget[quantity] !== undefined);

/** A budget as a list, costs first. @throws {ValueError} if there is no limit, or one is none. */
function limitsOf(budget: Budget): Limit[] {
  const limits = quantities.flatMap((quantity): Limit[] => {
    const bound = budget[quantity];
    if (bound === undefined) return [];
    const most = quantity === 'dice' ? 1 : Number.MAX_VALUE;
    if (!(bound >= 0 && bound <= most)) {
      const expected = quantity === 'dice' ? 'a Dice in [0, 1]' : 'a number of at least 0';
      throw new ValueError({ where: `budget: ${quantity}`, got: bound, expected });
    }
    return [{ quantity, bound, sign: kinds[quantity].sign }];
  });
  if (limits.length > 0) return limits;
  throw new ValueError({
    where: 'budget',
    got: budget,
    expected: `at least one of ${quantities.join(', ')}`,
  });
}

/** What is known of a point; `null` where nothing is. */
const known = (point: AccuracyCostPoint, quantity: Quantity): number | null => point[quantity] ?? null;

/** Whether a point is known to stay within a limit. */
function meets(point: AccuracyCostPoint, { quantity, bound, sign }: Limit): boolean {
  const value = known(point, quantity);
  return value !== null && sign * value <= sign * bound;
}

/** A limit in words: "at most 30 ms". */
function inWords({ quantity, bound, sign }: Limit): string {
  return `${sign === 1 ? 'at most' : 'at least'} ${withUnit(quantity, String(bound))}`;
}

/** A quantity of a point in words: "31.5 ms". */
function show(quantity: Quantity, point: AccuracyCostPoint, digits = 3): string {
  const value = known(point, quantity);
  return value === null
    ? `unknown ${quantity}`
    : withUnit(quantity, String(Number(value.toPrecision(digits))));
}

function withUnit(quantity: Quantity, value: string): string {
  if (quantity === 'dice') return `Dice ${value}`;
  return `${value} ${kinds[quantity].unit}`;
}

/** What `pick` chose. */
export interface Choice<Point extends AccuracyCostPoint = AccuracyCostPoint> {
  /** With its costs and its expected Dice, where they are known. */
  readonly chosen: Point;
  /** One sentence for people. */
  readonly reason: string;
}

/** No setting meets a budget: says which limit is in the way, what comes nearest, and by how much it misses. */
export class BudgetError extends SshnError {
  override readonly name = 'BudgetError';
  readonly budget: Budget;
  /** The first limit that no setting meets, or none together with the ones before it. */
  readonly limit: Quantity;
  /** How much more the nearest setting costs, or how much less Dice it has; NaN where no setting is known to have all. */
  readonly by: number;
  readonly nearest: AccuracyCostPoint;

  constructor(detail: {
    readonly budget: Budget;
    readonly limit: Quantity;
    readonly by: number;
    readonly nearest: AccuracyCostPoint;
    readonly reason: string;
  }) {
    super(detail.reason);
    this.budget = detail.budget;
    this.limit = detail.limit;
    this.by = detail.by;
    this.nearest = detail.nearest;
  }
}

/**
 * The setting for a budget: of the points that meet every limit the most accurate; where only accuracy is limited, the cheapest.
 *
 * "Most accurate" is the highest Dice where all that come into question have one, and of equals the cheapest; else the one
 * that computes most, and of equals the largest, as accuracy rises with both in most networks. "Cheapest" counts milliseconds
 * where all have them, else GFLOPs. Points that lack what is limited are passed over.
 *
 * @param points From `calibrate`, or a manifest's `accuracyCost`. Any order.
 * @throws {BudgetError} if no point meets all limits.
 * @throws {ValueError} if there is no point or no limit, a limit is none, or no point has what is limited.
 * @example
 * const { chosen, reason } = pick(points, { milliseconds: 30, dice: 0.9 });
 * network = specialize(setting(chosen));
 */
export function pick<Point extends AccuracyCostPoint>(
  points: readonly Point[],
  budget: Budget,
): Choice<Point> {
  const limits = limitsOf(budget);
  requirePoints(points, limits);
  const within = points.filter((point) => limits.every((limit) => meets(point, limit)));
  if (within.length === 0) throw nothing(points, limits, budget);
  const isCostLimited = limits.some(({ quantity }) => quantity !== 'dice');
  return isCostLimited ? mostAccurate(within, points, limits) : cheapest(within, points, limits);
}

function mostAccurate<Point extends AccuracyCostPoint>(
  within: readonly Point[],
  points: readonly Point[],
  limits: readonly Limit[],
): Choice<Point> {
  const isEvaluated = within.every(({ dice }) => dice !== null);
  const isCounted = within.every(({ gflops }) => gflops !== null);
  const best = isEvaluated
    ? least(within, (point) => [-point.dice!, ...costsOf(point, within), ...settingOrder(point)])
    : least(within, (point) => [
        ...(isCounted ? [-point.gflops!] : []),
        ...settingOrder(point).map((share) => -share),
      ]);
  const why = isEvaluated ? 'has the highest Dice of' : 'is the largest, and Dice is not known for all, of';
  return { chosen: best, reason: sentence(best, why, within, points, limits) };
}

function cheapest<Point extends AccuracyCostPoint>(
  within: readonly Point[],
  points: readonly Point[],
  limits: readonly Limit[],
): Choice<Point> {
  const best = least(within, (point) => [...costsOf(point, within), ...settingOrder(point)]);
  const why = costs(within).length > 0 ? 'is the cheapest of' : 'is the smallest of';
  return { chosen: best, reason: sentence(best, why, within, points, limits) };
}

/** Digits that tell a number from the limit that it misses. */
const closely = 6;

/** What the first limit in the way would need. */
function nothing(
  points: readonly AccuracyCostPoint[],
  limits: readonly Limit[],
  budget: Budget,
): BudgetError {
  const alone = limits.find((limit) => !points.some((point) => meets(point, limit)));
  if (alone !== undefined)
    return missed(nearestTo(points, alone), alone, `No setting has ${inWords(alone)}: the nearest`, budget);
  // Each is met by some, all by none: keep the others and see how far off the last one is.
  for (let count = limits.length - 1; count > 0; count--) {
    const [kept, broken] = [limits.slice(0, count), limits[count]!];
    const candidates = points.filter(
      (point) => kept.every((limit) => meets(point, limit)) && known(point, broken.quantity) !== null,
    );
    if (candidates.length === 0) continue;
    const words = `No setting has ${limits.map(inWords).join(' and ')}: with ${kept.map(inWords).join(' and ')} the nearest`;
    return missed(nearestTo(candidates, broken), broken, words, budget);
  }
  return new BudgetError({
    budget,
    limit: limits[0]!.quantity,
    by: Number.NaN,
    nearest: nearestTo(points, limits[0]!),
    reason: `No setting is known to have ${limits.map(inWords).join(' and ')}: no point tells of all.`,
  });
}

function missed(nearest: AccuracyCostPoint, limit: Limit, words: string, budget: Budget): BudgetError {
  const { quantity, bound, sign } = limit;
  const by = sign * (known(nearest, quantity)! - bound);
  const much = `${Number(by.toPrecision(3))}${quantity === 'dice' ? '' : ` ${kinds[quantity].unit}`}`;
  const reason =
    `${words}, factor ${settingText(nearest)}, has ${show(quantity, nearest, closely)}, ` +
    `${much} too ${sign === 1 ? 'much' : 'little'}.`;
  return new BudgetError({ budget, limit: quantity, by, nearest, reason });
}

function nearestTo<Point extends AccuracyCostPoint>(
  points: readonly Point[],
  { quantity, sign }: Limit,
): Point {
  const telling = points.filter((point) => known(point, quantity) !== null);
  return least(telling, (point) => [sign * known(point, quantity)!, ...settingOrder(point)]);
}

/** The costs of a point that all points have, the one that matters first. */
function costsOf(point: AccuracyCostPoint, points: readonly AccuracyCostPoint[]): number[] {
  return costs(points).map((cost) => point[cost]!);
}

/** Costs that all points have, the first the one that matters. */
function costs(points: readonly AccuracyCostPoint[]): ReadonlyArray<'milliseconds' | 'gflops'> {
  return (['milliseconds', 'gflops'] as const).filter((cost) =>
    points.every((point) => point[cost] !== null),
  );
}

/** The point with the least key, entry by entry. */
function least<Point>(points: readonly Point[], key: (point: Point) => readonly number[]): Point {
  return points.reduce((best, point) => {
    const [a, b] = [key(point), key(best)];
    const at = a.findIndex((value, i) => value !== b[i]);
    return at >= 0 && a[at]! < b[at]! ? point : best;
  });
}

function sentence(
  best: AccuracyCostPoint,
  why: string,
  within: readonly unknown[],
  points: readonly unknown[],
  limits: readonly Limit[],
): string {
  const facts = (['dice', 'milliseconds', 'gflops', 'mebibytes'] as const)
    .filter((quantity) => known(best, quantity) !== null)
    .map((quantity) => show(quantity, best));
  return (
    `Factor ${settingText(best)} (${facts.join(', ')}) ${why} the ${within.length} of ${points.length} ` +
    `with ${limits.map(inWords).join(' and ')}.`
  );
}

function requirePoints(points: readonly AccuracyCostPoint[], limits: readonly Limit[]): void {
  if (points.length === 0) {
    throw new ValueError({ where: 'pick: points', got: points, expected: 'at least one point' });
  }
  for (const { quantity, bound } of limits) {
    if (points.some((point) => known(point, quantity) !== null)) continue;
    throw new ValueError({
      where: `budget: ${quantity}`,
      got: bound,
      expected: `no such limit, as no point has ${quantity}`,
      hint: remedies[quantity],
    });
  }
}

const remedies = {
  milliseconds: 'calibrate() measures them.',
  gflops: 'Pass cost to calibrate(), or evaluate the model.',
  mebibytes: 'Pass cost to calibrate(), or ask an open model.',
  dice: 'Evaluate the model: its manifest has no accuracy for these settings and this size (`sshn pareto` stores it).',
} as const;
