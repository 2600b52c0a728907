import { ValueError } from '@sshn/core';

/** What one rescaling factor gives, and what it costs on this device. */
export interface AccuracyCostPoint {
  /** φ, common to all downsampling steps, in [0, 1]. */
  readonly factor: number;
  /** Of one image, from input to output of the plain network for the factor; `null` where nobody measured. */
  readonly milliseconds: number | null;
  /** FLOPs of the same, in units of 10⁹; `null` where nobody counted. */
  readonly gflops: number | null;
  /** Mean foreground Dice in [0, 1]; `null` where nobody evaluated. */
  readonly dice: number | null;
}

/** What a network may cost and has to reach; at least one of them. */
export interface Budget {
  /** Of one image, > 0. */
  readonly maxMilliseconds?: number;
  /** Of one image, in units of 10⁹ FLOPs, > 0. */
  readonly maxGflops?: number;
  /** Mean foreground Dice in [0, 1]. */
  readonly minDice?: number;
}

type Quantity = Exclude<keyof AccuracyCostPoint, 'factor'>;

/** One limit of a budget. */
export interface Limit {
  readonly name: keyof Budget;
  readonly quantity: Quantity;
  readonly bound: number;
  /** 1 for what must not be above the bound, −1 for what must not be below it. */
  readonly sign: 1 | -1;
}

const kinds = {
  maxMilliseconds: { quantity: 'milliseconds', sign: 1, most: Infinity },
  maxGflops: { quantity: 'gflops', sign: 1, most: Infinity },
  minDice: { quantity: 'dice', sign: -1, most: 1 },
} as const;

/** A budget as a list, costs first. @throws {ValueError} if there is no limit, or one is none. */
export function limitsOf(budget: Budget): Limit[] {
  const limits = (Object.keys(kinds) as Array<keyof Budget>).flatMap((name): Limit[] => {
    const bound = budget[name];
    if (bound === undefined) return [];
    const { quantity, sign, most } = kinds[name];
    if (!(bound >= 0 && bound <= most && bound < Infinity)) {
      const expected = most === 1 ? 'a Dice in [0, 1]' : 'a number of at least 0';
      throw new ValueError({ where: `pick: ${name}`, got: bound, expected });
    }
    return [{ name, quantity, bound, sign }];
  });
  if (limits.length > 0) return limits;
  throw new ValueError({
    where: 'pick: budget',
    got: budget,
    expected: `at least one of ${Object.keys(kinds).join(', ')}`,
  });
}

/** Whether a point is known to stay within a limit. */
export function meets(point: AccuracyCostPoint, { quantity, bound, sign }: Limit): boolean {
  const value = point[quantity];
  return value !== null && sign * value <= sign * bound;
}

/** A limit in words: "at most 30 ms". */
export function inWords({ quantity, bound, sign }: Limit): string {
  return `${sign === 1 ? 'at most' : 'at least'} ${withUnit(quantity, String(bound))}`;
}

/** A quantity of a point in words: "31.5 ms". */
export function show(quantity: Quantity, point: AccuracyCostPoint, digits = 3): string {
  const value = point[quantity];
  return value === null
    ? `unknown ${quantity}`
    : withUnit(quantity, String(Number(value.toPrecision(digits))));
}

function withUnit(quantity: Quantity, value: string): string {
  if (quantity === 'dice') return `Dice ${value}`;
  return `${value} ${quantity === 'gflops' ? 'GFLOPs' : 'ms'}`;
}

/** What `pick` chose, or why it chose nothing. */
export type Choice<Point extends AccuracyCostPoint = AccuracyCostPoint> =
  | {
      readonly chosen: Point;
      /** One sentence for people. */
      readonly reason: string;
    }
  | {
      readonly chosen: undefined;
      /** One sentence for people: what the nearest would need. */
      readonly reason: string;
      /** The point that comes nearest to the first limit that no point meets, or that not all others meet with it. */
      readonly nearest: Point;
    };

/**
 * The factor for a budget: of the points that meet every limit the most accurate; where only accuracy is limited, the cheapest.
 *
 * "Most accurate" is the highest Dice where all that come into question have one, and of equals the cheapest; else the
 * largest factor, as accuracy rises with it in most networks. "Cheapest" counts milliseconds where all have them, else
 * GFLOPs. Points that lack what is limited are passed over.
 *
 * @param points From `calibrate`, or a manifest's `accuracyCost`. Any order.
 * @throws {ValueError} if there is no point or no limit, a limit is none, or no point has what is limited.
 * @example
 * const choice = pick(points, { maxMilliseconds: 30, minDice: 0.9 });
 * if (choice.chosen === undefined) console.log(choice.reason);
 * else network = specialize(choice.chosen.factor);
 */
export function pick<Point extends AccuracyCostPoint>(
  points: readonly Point[],
  budget: Budget,
): Choice<Point> {
  const limits = limitsOf(budget);
  requirePoints(points, limits);
  const within = points.filter((point) => limits.every((limit) => meets(point, limit)));
  if (within.length === 0) return nothing(points, limits);
  const isCostLimited = limits.some(({ quantity }) => quantity !== 'dice');
  return isCostLimited ? mostAccurate(within, points, limits) : cheapest(within, points, limits);
}

function mostAccurate<Point extends AccuracyCostPoint>(
  within: readonly Point[],
  points: readonly Point[],
  limits: readonly Limit[],
): Choice<Point> {
  const isEvaluated = within.every(({ dice }) => dice !== null);
  const best = isEvaluated
    ? least(within, (point) => [-point.dice!, ...costs(within).map((cost) => point[cost]!), point.factor])
    : least(within, ({ factor }) => [-factor]);
  const why = isEvaluated ? 'has the highest Dice of' : 'is the largest, and Dice is not known for all, of';
  return { chosen: best, reason: sentence(best, why, within, points, limits) };
}

function cheapest<Point extends AccuracyCostPoint>(
  within: readonly Point[],
  points: readonly Point[],
  limits: readonly Limit[],
): Choice<Point> {
  const best = least(within, (point) => [...costs(within).map((cost) => point[cost]!), point.factor]);
  const why = costs(within).length > 0 ? 'is the cheapest of' : 'is the smallest of';
  return { chosen: best, reason: sentence(best, why, within, points, limits) };
}

/** Digits that tell a number from the limit that it misses. */
const closely = 6;

/** What the first limit in the way would need. */
function nothing<Point extends AccuracyCostPoint>(
  points: readonly Point[],
  limits: readonly Limit[],
): Choice<Point> {
  const alone = limits.find((limit) => !points.some((point) => meets(point, limit)));
  if (alone !== undefined) {
    const nearest = nearestTo(points, alone);
    return {
      chosen: undefined,
      nearest,
      reason: `No factor has ${inWords(alone)}: the nearest, ${nearest.factor}, has ${show(alone.quantity, nearest, closely)}.`,
    };
  }
  // Each is met by some, all by none: keep the others and see how far off the last one is.
  for (let count = limits.length - 1; count > 0; count--) {
    const [kept, broken] = [limits.slice(0, count), limits[count]!];
    const candidates = points.filter(
      (point) => kept.every((limit) => meets(point, limit)) && point[broken.quantity] !== null,
    );
    if (candidates.length === 0) continue;
    const nearest = nearestTo(candidates, broken);
    return {
      chosen: undefined,
      nearest,
      reason:
        `No factor has ${limits.map(inWords).join(' and ')}: with ${kept.map(inWords).join(' and ')} ` +
        `the nearest, ${nearest.factor}, has ${show(broken.quantity, nearest, closely)}.`,
    };
  }
  const nearest = nearestTo(points, limits[0]!);
  return {
    chosen: undefined,
    nearest,
    reason: `No factor is known to have ${limits.map(inWords).join(' and ')}: no point tells of all.`,
  };
}

function nearestTo<Point extends AccuracyCostPoint>(
  points: readonly Point[],
  { quantity, sign }: Limit,
): Point {
  const telling = points.filter((point) => point[quantity] !== null);
  return least(telling, (point) => [sign * point[quantity]!, point.factor]);
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
  const facts = (['dice', 'milliseconds', 'gflops'] as const)
    .filter((quantity) => best[quantity] !== null)
    .map((quantity) => show(quantity, best));
  return (
    `Factor ${best.factor} (${facts.join(', ')}) ${why} the ${within.length} of ${points.length} ` +
    `with ${limits.map(inWords).join(' and ')}.`
  );
}

function requirePoints(points: readonly AccuracyCostPoint[], limits: readonly Limit[]): void {
  if (points.length === 0) {
    throw new ValueError({ where: 'pick: points', got: points, expected: 'at least one point' });
  }
  for (const { name, quantity, bound } of limits) {
    if (points.some((point) => point[quantity] !== null)) continue;
    throw new ValueError({
      where: `pick: ${name}`,
      got: bound,
      expected: `no such limit, as no point has ${quantity}`,
      hint: remedies[quantity],
    });
  }
}

const remedies = {
  milliseconds: 'calibrate() measures them.',
  gflops: 'Pass gflops to calibrate(), or evaluate the model.',
  dice: 'Evaluate the model: its manifest has no accuracy for these factors and this size.',
} as const;
