import { Rng } from '@sshn/core';
import { predictDice } from '@sshn/model';
import { describe, expect, test } from 'vitest';
import { fitLine } from './fit-line.js';
import { correlation, costAt, fitRung, Retention, runCascade } from './sureness.js';

const x = [0.9, 0.8, 0.95, 0.6, 0.7];
const y = [0.85, 0.8, 0.9, 0.5, 0.75];
/** `numpy.polyfit` without each point, at its x. */
const leftOutByNumpy = [
  0.8827102803738324, 0.7625954198473279, 0.945, 0.6881355932203388, 0.6343478260869567,
];
const points = x.map((one, i) => [one, y[i]!] as const);

describe('fitLine', () => {
  test('as numpy.polyfit says, each point left out in its turn too', () => {
    const { slope, intercept, leftOut } = fitLine(points)!;
    expect(slope).toBeCloseTo(1.01219512195122, 9);
    expect(intercept).toBeCloseTo(-0.03963414634146342, 9);
    for (const [i, wanted] of leftOutByNumpy.entries()) expect(leftOut[i]).toBeCloseTo(wanted, 9);
  });

  test('leaving out is the same as fitting without the point, also where lines would fall', () => {
    const rng = Rng.fromSeed(3);
    const many = Array.from({ length: 30 }, () => [rng.uniform(), rng.uniform()] as const);
    const { leftOut } = fitLine(many)!;
    for (const [i, [at]] of many.entries()) {
      const { slope, intercept } = fitLine(many.filter((_, j) => j !== i))!;
      expect(leftOut[i]).toBeCloseTo(intercept + slope * at, 9);
    }
  });

  test('does not fall, is flat over one x, passes over NaN, and needs points', () => {
    const falling = fitLine([
      [0, 1],
      [1, 0],
      [2, 0.2],
    ])!;
    expect(falling.slope).toBe(0);
    expect(falling.intercept).toBeCloseTo(0.4, 12);
    expect(
      fitLine([
        [0.3, 0.1],
        [0.3, 0.3],
        [0.3, 0.8],
      ]),
    ).toMatchObject({ slope: 0 });
    const holed = fitLine([[Number.NaN, 1], ...points, [0.5, Number.NaN]])!;
    expect(holed.slope).toBeCloseTo(1.01219512195122, 9);
    expect(holed.leftOut[0]).toBeNaN();
    expect(fitLine([[0, 1]])).toBeUndefined();
    expect(fitLine(points, 6)).toBeUndefined();
  });
});

describe('fitRung', () => {
  test('a label that follows its agreement is predicted without error, one in too few images not at all', () => {
    const seen = [0.2, 0.4, 0.6, 0.8].map((agreement, i) => ({
      agreement: [agreement, i === 0 ? 0.5 : Number.NaN],
      dice: [0.1 + agreement, i === 0 ? 0.5 : Number.NaN],
    }));
    const { labels, error } = fitRung(seen)!;
    expect(error).toBeCloseTo(0, 12);
    expect(labels[0]!.slope).toBeCloseTo(1, 12);
    expect(labels[0]!.intercept).toBeCloseTo(0.1, 12);
    expect(labels[1]).toBeNull();
    expect(predictDice({ labels, error }, [0.5, 0.5])).toMatchObject({
      labels: [{ error: labels[0]!.error }, null],
    });
    expect(predictDice({ labels, error }, [0.5, 0.5]).mean).toBeCloseTo(0.6, 12);
    // Not above 1; nothing where the label does not occur.
    expect(predictDice({ labels, error }, [0.97, 0]).mean).toBe(1);
    expect(predictDice({ labels, error }, [Number.NaN, 0]).mean).toBeNull();
    expect(fitRung(seen.slice(0, 3))).toBeUndefined();
    expect(fitRung([])).toBeUndefined();
  });

  test('errors are those of images that were left out', () => {
    const seen = points.map(([agreement, dice]) => ({ agreement: [agreement], dice: [dice] }));
    const { labels, error } = fitRung(seen)!;
    const wanted = leftOutByNumpy.reduce((sum, left, i) => sum + Math.abs(Math.min(1, left) - y[i]!), 0) / 5;
    expect(error).toBeCloseTo(wanted, 9);
    expect(labels[0]!.error).toBeCloseTo(wanted, 9);
  });
});

test('correlation as numpy.corrcoef says, without pairs of NaN', () => {
  expect(correlation([...points, [Number.NaN, 1]])).toBeCloseTo(0.9306476800325743, 9);
  expect(
    correlation([
      [1, 2],
      [1, 3],
    ]),
  ).toBeNaN();
});

describe('Retention', () => {
  test('by hand: four pixels, the error among the less sure half', () => {
    const retention = new Retention();
    retention.add([0.1, 0.6, 0.3, 0.8], [0, 1, 1, 0], [0, 0, 1, 0]);
    expect(retention.errorRate).toBe(0.25);
    // Kept from the surest on, errors are 0, 0, 0, 1, 1 of 4: the area is (0.5 + 1) / 4 · 1/4, and 1/8 by chance.
    expect(retention.area).toBeCloseTo(1.5 / 16 / (1 / 8), 12);
  });

  test('nothing known gives 1, errors first give the error rate, last nearly 2', () => {
    const labels = Array.from({ length: 100 }, (_, i) => Number(i < 20));
    const truth = new Array<number>(100).fill(0);
    const areaOf = (uncertainty: number[]) => {
      const retention = new Retention();
      // In parts, as images come.
      for (const part of [0, 50])
        retention.add(uncertainty.slice(part, part + 50), labels.slice(part, part + 50), truth.slice(0, 50));
      return retention.area;
    };
    expect(areaOf(labels.map(() => 0.3))).toBeCloseTo(1, 12);
    expect(areaOf(labels.map((wrong) => wrong))).toBeCloseTo(0.2, 12);
    expect(areaOf(labels.map((wrong) => 1 - wrong))).toBeCloseTo(1.8, 12);
  });
});

test('a cascade stops at the first rung that predicts what is asked for, else at the last', () => {
  const outcomes = [
    [
      { predicted: 0.95, dice: 0.9 },
      { predicted: 0.97, dice: 0.92 },
    ],
    [
      { predicted: 0.5, dice: 0.4 },
      { predicted: 0.6, dice: 0.7 },
    ],
    [
      { predicted: Number.NaN, dice: Number.NaN },
      { predicted: 0.9, dice: Number.NaN },
    ],
  ];
  const at = (asked: number) => runCascade(outcomes, [1, 4], asked);
  expect(at(0.9)).toEqual({ asked: 0.9, gflops: (1 + 5 + 5) / 3, dice: 0.8, answered: [1 / 3, 2 / 3] });
  expect(at(0)).toMatchObject({ gflops: (1 + 1 + 5) / 3, dice: 0.65 });
  expect(at(1)).toMatchObject({ gflops: 5, answered: [0, 1] });
});

test('a single setting of a Dice costs what lies between the two of the front around it', () => {
  const front = [
    { gflops: 1, dice: 0.6 },
    { gflops: 2, dice: 0.5 },
    { gflops: 3, dice: 0.8 },
  ];
  expect(costAt(front, 0.7)).toBeCloseTo(2, 12);
  expect(costAt(front, 0.8)).toBe(3);
  expect(costAt(front, 0.1)).toBe(1);
  expect(costAt(front, 0.9)).toBeNull();
});
