import { networkOf } from '@sshn/model';
import { describeNetwork, parseRunConfig } from '@sshn/training';
import { describe, expect, it } from 'vitest';
import { result } from '../testing/report.js';
import { byCost } from './grid.js';
import { gridPoints, largestGain } from './grid-points.js';

const at = (factor: readonly number[], gflops: number, dice: number) => ({
  ...result({ gflops, dice }),
  factor,
});

describe('gridPoints', () => {
  const points = gridPoints([
    at([0.5, 0.5], 3, 0.9),
    at([0.5, 0.1], 2, 0.88),
    at([0.1, 0.5], 2.5, 0.7),
    at([0.1, 0.1], 1, 0.8),
    at([0.1, 0], 0.9, Number.NaN),
  ]);

  it('come by cost, with the front over all and the equal ones marked', () => {
    expect(points.map(({ factor }) => String(factor))).toEqual([
      '0.1,0',
      '0.1,0.1',
      '0.5,0.1',
      '0.1,0.5',
      '0.5,0.5',
    ]);
    expect(points.map(({ isOnFront }) => isOnFront)).toEqual([false, true, true, false, true]);
    expect(points.map(({ isEqual }) => isEqual)).toEqual([false, true, false, false, true]);
  });

  it('tell the gain of separate factors: 0.88 at a cost at which equal ones have 0.8', () => {
    expect(largestGain(points)).toBeCloseTo(0.08, 12);
    expect(largestGain(points.filter(({ isEqual }) => isEqual))).toBe(0);
  });
});

describe('byCost', () => {
  it('puts what the network runs fastest first', () => {
    const dataset = { size: [32, 32], channels: 1 };
    const config = parseRunConfig({ architecture: { features: 4, stages: 3 } }, 'test');
    const model = networkOf(describeNetwork(config, { ...dataset, labelNames: ['background', 'cell'] }));
    const sorted = byCost(model, dataset, [
      [0.5, 0.5],
      [0, 0],
      [0.1, 0.5],
      [0.5, 0],
    ]);
    expect(sorted).toEqual([
      [0, 0],
      [0.1, 0.5],
      [0.5, 0],
      [0.5, 0.5],
    ]);
  });
});
