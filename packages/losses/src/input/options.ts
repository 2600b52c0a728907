import { requireOption, ValueError } from '@sshn/core';
import { type Task, tasks } from './loss.js';

/** A number with an `expected` that says which. @throws {ValueError} */
export function requireNumber(
  where: string,
  value: number,
  isFine: (value: number) => boolean,
  expected: string,
): void {
  if (typeof value !== 'number' || !isFine(value)) throw new ValueError({ where, got: value, expected });
}

export const isFraction = (value: number): boolean => value >= 0 && value <= 1;
export const isNonNegative = (value: number): boolean => value >= 0 && value < Infinity;
export const isPositive = (value: number): boolean => value > 0 && value < Infinity;

/** @throws {OptionError} if `task` is no task. @throws {ValueError} if `ignoreLabel` is not an integer. */
export function checkPixelOptions(
  where: string,
  { task, ignoreLabel }: { readonly task: Task; readonly ignoreLabel: number | undefined },
): void {
  requireOption('task', task, tasks);
  if (ignoreLabel !== undefined) {
    requireNumber(`${where}: ignoreLabel`, ignoreLabel, Number.isInteger, 'an integer');
  }
}

/** Weights of labels: none negative, not all 0. @throws {ValueError} */
export function checkWeights(where: string, weights: readonly number[]): void {
  if (weights.every(isNonNegative) && weights.some(isPositive)) return;
  throw new ValueError({ where, got: weights, expected: 'finite numbers of at least 0, not all of them 0' });
}

/** @throws {ValueError} if there is not one weight for each label. */
export function checkWeightCount(where: string, weights: readonly number[], count: number): void {
  if (weights.length === count) return;
  throw new ValueError({
    where,
    got: weights,
    expected: `${count} weights, one for each channel of the logits`,
  });
}
