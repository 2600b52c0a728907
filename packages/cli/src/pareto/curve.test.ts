import { describe, expect, it } from 'vitest';
import { result, risingResults } from '../testing/report.js';
import { cheapestWithin, curvesOf } from './curve.js';

const fronts = (curve: ReturnType<typeof curvesOf>[number]) => curve.points.map(({ isOnFront }) => isOnFront);

describe('curvesOf', () => {
  it('marks the Pareto front by FLOPs: the dip at 0.4 is off it', () => {
    const [curve] = curvesOf([{ name: 'SSHN', results: risingResults }]);
    expect(fronts(curve!)).toEqual([true, true, true, true, false, true]);
  });

  it('marks one front over all curves', () => {
    const better = [result({ factor: 0.5, dice: 0.99, gflops: 0.55 })];
    const [ours, theirs] = curvesOf([
      { name: 'SSHN', results: risingResults },
      { name: 'Fixed', results: better, isJoined: false },
    ]);
    expect(fronts(ours!)).toEqual([true, false, false, false, false, false]);
    expect(fronts(theirs!)).toEqual([true]);
    expect([ours!.isJoined, theirs!.isJoined]).toEqual([true, false]);
  });

  it('sorts by factor and never puts an undefined Dice on the front', () => {
    const [curve] = curvesOf([
      {
        name: 'SSHN',
        results: [result({ factor: 0.2 }), result({ factor: 0.1, dice: Number.NaN, gflops: 0.1 })],
      },
    ]);
    expect(curve!.points.map(({ factor }) => factor)).toEqual([0.1, 0.2]);
    expect(fronts(curve!)).toEqual([false, true]);
  });
});

describe('cheapestWithin', () => {
  it('is the cheapest whose Dice is near enough to the best', () => {
    const points = curvesOf([{ name: '', results: risingResults }])[0]!.points;
    expect(cheapestWithin(points, 0)?.factor).toBe(0.5);
    expect(cheapestWithin(points, 0.06)?.factor).toBe(0.3);
    expect(cheapestWithin([], 0.1)).toBeUndefined();
  });

  it('is the most accurate of equally cheap ones', () => {
    const results = [result({ factor: 0.1, dice: 0.9 }), result({ factor: 0.11, dice: 0.905 })];
    expect(cheapestWithin(curvesOf([{ name: '', results }])[0]!.points, 0.01)?.factor).toBe(0.11);
  });

  it('passes over points without a Dice', () => {
    const points = curvesOf([
      { name: '', results: [result({ dice: Number.NaN, gflops: 0.1 }), result({ dice: 0.5, factor: 0.5 })] },
    ])[0]!.points;
    expect(cheapestWithin(points, 0)?.factor).toBe(0.5);
  });
});
