import { requireIntegers, type SpecNode, setting, ValueError } from '@sshn/core';
import { countModule, type TensorModule } from './count-module.js';
import type { Cost } from './report/report.js';

/** The cost of a module at one rescaling factor. */
export interface CurvePoint extends Cost {
  /** φ, common to all steps. */
  readonly factor: number;
  readonly peakActivationBytes: number;
}

/**
 * The cost of a module as a function of the rescaling factor. It rises in steps, as sizes are whole numbers.
 *
 * @param inputShape `[batch, height, width, channels]`, 3D with depth. @param factors φ, each in [0, 1].
 * @throws {ValueError} if a factor is outside [0, 1].
 * @example
 * flopsCurve(network, [1, 256, 256, 1], [0, 0.25, 0.5]).map(({ factor, flops }) => [factor, flops / 1e9]);
 */
export function flopsCurve<Specs extends SpecNode>(
  module: TensorModule<Specs>,
  inputShape: readonly number[],
  factors: readonly number[],
): CurvePoint[] {
  return factors.map((factor) => pointAt(module, inputShape, factor));
}

/** What a network may cost, and where to look for its factor. */
export interface Budget {
  /** Giga-FLOPs of one call on the input shape given; 1 GFLOP = 10⁹ FLOPs = 0.5·10⁹ multiply-adds. */
  readonly gflops: number;
  /** The factors that come into question, such as the prior that the network was trained with. @default [0, 1] */
  readonly range?: readonly [low: number, high: number];
  /** How many steps 1 is divided into. @default 1000 */
  readonly stepsPerUnit?: number;
}

/**
 * The largest rescaling factor whose cost stays within a budget, with its cost: the inverse of `flopsCurve`.
 *
 * Found by bisection over the multiples of 1 / `stepsPerUnit` in the range, as cost never falls when the factor rises.
 *
 * @throws {ValueError} if even the smallest factor costs more, saying how much; or if the range holds no step.
 * @example
 * const { factor } = largestFactorWithin(network, [1, 256, 256, 1], { gflops: 5.5 });
 */
export function largestFactorWithin<Specs extends SpecNode>(
  module: TensorModule<Specs>,
  inputShape: readonly number[],
  { gflops, range: [low, high] = [0, 1], stepsPerUnit = 1000 }: Budget,
): CurvePoint {
  requireIntegers('largestFactorWithin', { stepsPerUnit });
  // 0.07 · 100 is a little more than 7.
  let below = Math.max(0, Math.ceil(low * stepsPerUnit - 1e-9));
  let above = Math.floor(high * stepsPerUnit + 1e-9) + 1;
  if (!(low >= 0 && high <= 1 && below < above)) {
    throw new ValueError({
      where: 'largestFactorWithin: range',
      got: [low, high],
      expected: `an interval within [0, 1] that holds a multiple of ${1 / stepsPerUnit}`,
    });
  }
  let best = pointAt(module, inputShape, below / stepsPerUnit);
  if (!(best.flops <= gflops * 1e9)) {
    throw new ValueError({
      where: 'largestFactorWithin: gflops',
      got: gflops,
      expected: `at least ${best.flops / 1e9}, what factor ${best.factor} takes`,
    });
  }
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    const point = pointAt(module, inputShape, middle / stepsPerUnit);
    if (point.flops <= gflops * 1e9) [below, best] = [middle, point];
    else above = middle;
  }
  return best;
}

function pointAt<Specs extends SpecNode>(
  module: TensorModule<Specs>,
  inputShape: readonly number[],
  factor: number,
): CurvePoint {
  const { macs, flops, peakActivationBytes } = countModule(module, {
    inputShape,
    at: setting(factor),
  });
  return { factor, macs, flops, peakActivationBytes };
}
