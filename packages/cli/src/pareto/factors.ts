import { type Factor, ValueError } from '@sshn/core';
import type { Prior } from '@sshn/training';

/**
 * Factors from `from` to `to`, both included, by equal steps; exact to 6 decimals, so that 0.07 is 0.07.
 *
 * @throws {ValueError} if a bound is outside [0, 1], the bounds are the wrong way round, or the step is not positive.
 * @example
 * factorRange(0, 0.5, 0.1);   // [0, 0.1, 0.2, 0.3, 0.4, 0.5]
 */
export function factorRange(from: number, to: number, by: number): number[] {
  requireFactors([from, to]);
  if (from > to) {
    throw new ValueError({ where: 'factors', got: `${from} to ${to}`, expected: 'the lower bound first' });
  }
  if (!(by >= 1e-6))
    throw new ValueError({ where: 'step of the factor', got: by, expected: 'a number ≥ 0.000001' });
  const steps = Math.floor((to - from) / by + 1e-9);
  const factors = Array.from({ length: steps + 1 }, (_, i) => rounded(from + i * by));
  return factors[steps] === rounded(to) ? factors : [...factors, rounded(to)];
}

/**
 * So many factors from `from` to `to`, both included, at equal distances; exact to 6 decimals.
 *
 * @throws {ValueError} if a bound is outside [0, 1], or the bounds are not the lower first.
 * @example
 * factorValues(0, 1, 11);   // [0, 0.1, …, 1]
 */
export function factorValues(from: number, to: number, count: number): number[] {
  requireFactors([from, to]);
  if (from >= to) {
    throw new ValueError({ where: 'factors', got: `${from} to ${to}`, expected: 'the lower bound first' });
  }
  return Array.from({ length: count }, (_, i) => rounded(from + (i * (to - from)) / (count - 1)));
}

/**
 * @throws {ValueError} naming the first factor outside [0, 1].
 */
function requireFactors(factors: readonly number[]): void {
  const wrong = factors.find((factor) => !(factor >= 0 && factor <= 1));
  if (wrong !== undefined) {
    throw new ValueError({ where: 'rescaling factor', got: wrong, expected: 'a number in [0, 1]' });
  }
}

/** The factors worth a look without being asked: the only one, or both ends of the range and its middle. */
export function telltaleFactors(prior: Prior): Factor[] {
  if (prior.kind === 'constant') return [prior.factor];
  return [...new Set([prior.low, rounded((prior.low + prior.high) / 2), prior.high])];
}

function rounded(factor: number): number {
  return Math.round(factor * 1e6) / 1e6;
}
