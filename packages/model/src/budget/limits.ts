import { ValueError } from '@sshn/core';
import type { AccuracyCostPoint } from './point.js';

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
