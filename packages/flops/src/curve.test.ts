import { unet } from '@sshn/architectures';
import { setting, ValueError } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { countModule, flopsCurve, largestFactorWithin } from './index.js';

const network = unet({ inChannels: 1, outChannels: 2, features: 4, stages: 3 });
const inputShape = [1, 24, 20, 1];

test('a point of the curve is the count at its factor', () => {
  const [point] = flopsCurve(network, inputShape, [0.3]);
  const { flops, macs, peakActivationBytes } = countModule(network, {
    inputShape,
    at: setting(0.3),
  });
  expect(point).toEqual({ factor: 0.3, flops, macs, peakActivationBytes });
});

test('factors outside of [0, 1] are refused', () => {
  expect(() => flopsCurve(network, inputShape, [1.5])).toThrow(ValueError);
});

describe('the largest factor within a budget', () => {
  const all = flopsCurve(
    network,
    inputShape,
    Array.from({ length: 1001 }, (_, i) => i / 1000),
  );

  test.each([0, 130, 499, 500, 777, 1000])(
    'is what a search through all of them finds: that of factor %i / 1000',
    (i) => {
      const budget = all[i]!.flops;
      const expected = all.findLast(({ flops }) => flops <= budget)!;
      expect(largestFactorWithin(network, inputShape, { gflops: budget / 1e9 })).toEqual(expected);
      if (i > 0) {
        const justLess = (budget - 1) / 1e9;
        expect(largestFactorWithin(network, inputShape, { gflops: justLess }).flops).toBeLessThan(budget);
      }
    },
  );

  test('stays in its range, in as many steps as asked for', () => {
    expect(largestFactorWithin(network, inputShape, { gflops: 1, range: [0, 0.5] }).factor).toBe(0.5);
    expect(
      largestFactorWithin(network, inputShape, { gflops: 1, range: [0.2, 0.33], stepsPerUnit: 10 }).factor,
    ).toBe(0.3);
  });

  test('takes in the bounds of its range', () => {
    const bounds = (factor: number) =>
      largestFactorWithin(network, inputShape, { gflops: 1, range: [factor, factor], stepsPerUnit: 100 })
        .factor;
    for (const factor of [0, 0.07, 0.29, 0.57, 1]) expect(bounds(factor)).toBe(factor);
  });

  test('is refused where even the smallest is too much, with what that takes', () => {
    const least = all[0]!.flops / 1e9;
    expect(() => largestFactorWithin(network, inputShape, { gflops: least / 2 })).toThrow(
      new ValueError({
        where: 'largestFactorWithin: gflops',
        got: least / 2,
        expected: `at least ${least}, what factor 0 takes`,
      }),
    );
  });

  test('is refused in a range that holds no step', () => {
    expect(() => largestFactorWithin(network, inputShape, { gflops: 1, range: [0.6, 0.4] })).toThrow(
      'largestFactorWithin: range: got [0.6,0.4], expected an interval within [0, 1] that holds a multiple of 0.001.',
    );
    expect(() =>
      largestFactorWithin(network, inputShape, { gflops: 1, range: [0.11, 0.19], stepsPerUnit: 10 }),
    ).toThrow('a multiple of 0.1');
    expect(() => largestFactorWithin(network, inputShape, { gflops: 1, range: [0, 1.1] })).toThrow(
      ValueError,
    );
    expect(() => largestFactorWithin(network, inputShape, { gflops: 1, stepsPerUnit: 0.5 })).toThrow(
      'largestFactorWithin: stepsPerUnit: got 0.5',
    );
  });
});
