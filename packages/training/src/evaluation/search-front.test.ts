import { ValueError } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { paretoFront } from './pareto.js';
import { type Axes, type SearchedPlace, searchFront } from './search-front.js';

const axes: Axes = {
  factor: { low: 0, high: 0.5, count: 3 },
  width: { low: 0.25, high: 1, count: 4 },
  resolution: { low: 0.5, high: 1, count: 3 },
};
const cost = ({ factor, width, resolution }: SearchedPlace) =>
  (0.2 + width ** 2) * resolution ** 2 * (1 + factor);
/** Widths saturate, resolution matters most: the front leads through settings with several knobs below their largest. */
const accuracy = ({ factor, width, resolution }: SearchedPlace) =>
  (1 - 0.3 * Math.exp(-6 * width)) * (1 - 0.6 * (1 - resolution) ** 2) * (1 - 0.2 * Math.exp(-8 * factor));

const fineGrid = (): SearchedPlace[] => {
  const values = (low: number, high: number, steps: number) =>
    Array.from({ length: steps + 1 }, (_, i) => low + (i / steps) * (high - low));
  return values(0, 0.5, 8).flatMap((factor) =>
    values(0.25, 1, 12).flatMap((width) =>
      values(0.5, 1, 8).map((resolution) => ({ factor, width, resolution })),
    ),
  );
};

describe('searchFront', () => {
  test('finds nearly what the full grid has, with a tenth of its evaluations', async () => {
    const asked: SearchedPlace[][] = [];
    const found = await searchFront(axes, {
      cost,
      evaluate: async (places) => {
        asked.push([...places]);
        return places.map(accuracy);
      },
    });
    expect(asked[0]).toHaveLength(36);
    for (const places of asked) expect(places.map(cost)).toEqual(places.map(cost).toSorted((a, b) => a - b));
    const full = fineGrid();
    expect(found!.length).toBeLessThanOrEqual(full.length / 10);
    const best = (most: number, all: readonly { gflops: number; dice: number }[]) =>
      Math.max(...all.filter(({ gflops }) => gflops <= most).map(({ dice }) => dice));
    const whole = full.map((place) => ({ gflops: cost(place), dice: accuracy(place) }));
    const coarse = found!.filter(({ place }) => asked[0]!.includes(place));
    const gaps = (all: readonly { gflops: number; dice: number }[]) =>
      [0.08, 0.12, 0.2, 0.3, 0.5, 0.8, 1.2, 1.8].map((most) => best(most, whole) - best(most, all));
    expect(Math.max(...gaps(found!))).toBeLessThan(0.02);
    const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
    expect(sum(gaps(found!))).toBeLessThan(0.25 * sum(gaps(coarse)));
    // Each once, and nothing that was not asked for.
    expect(new Set(found!.map(({ place }) => JSON.stringify(place))).size).toBe(found!.length);
    const front = paretoFront(found!.map(({ gflops, dice }) => ({ cost: gflops, value: dice })));
    const chosen = found!.filter((_, i) => front[i]).map(({ place }) => place);
    expect(chosen.some(({ width, resolution }) => width < 1 && resolution < 1)).toBe(true);
  });

  test('asks for the same settings again, so that one that was interrupted goes on', async () => {
    const runs = [0, 0].map(async () => {
      const asked: string[] = [];
      await searchFront(axes, {
        cost,
        evaluate: async (places) => {
          asked.push(...places.map((place) => JSON.stringify(place)));
          return places.map(accuracy);
        },
      });
      return asked;
    });
    const [one, other] = await Promise.all(runs);
    expect(one).toEqual(other);
  });

  test('ends when it is told to, and never evaluates more than it may', async () => {
    expect(await searchFront(axes, { cost, evaluate: async () => undefined })).toBeUndefined();
    const found = await searchFront(axes, { cost, most: 40, evaluate: async (all) => all.map(accuracy) });
    expect(found).toHaveLength(40);
  });

  test('one knob alone, and accuracies that are undefined', async () => {
    const one = {
      ...axes,
      factor: { low: 0.5, high: 0.5, count: 1 },
      resolution: { low: 1, high: 1, count: 1 },
    };
    const found = await searchFront(one, { cost, evaluate: async (all) => all.map(accuracy) });
    expect(found!.every(({ place }) => place.factor === 0.5 && place.resolution === 1)).toBe(true);
    expect(found!.length).toBeGreaterThan(4);
    const none = await searchFront(one, { cost, evaluate: async (all) => all.map(() => Number.NaN) });
    expect(none).toHaveLength(4);
  });

  test.each([
    [{ ...axes, width: { low: 1, high: 0.25, count: 3 } }, 'searchFront: width: got {"low":1'],
    [{ ...axes, factor: { low: 0, high: 0.5, count: 1 } }, 'searchFront: factor'],
  ])('%o is refused', async (wrong, message) => {
    const search = searchFront(wrong, { cost, evaluate: async (all) => all.map(accuracy) });
    await expect(search).rejects.toThrow(ValueError);
    await expect(search).rejects.toThrow(message);
    const few = searchFront(axes, { cost, most: 10, evaluate: async (all) => all.map(accuracy) });
    await expect(few).rejects.toThrow('at least 36, the first grid');
  });
});
