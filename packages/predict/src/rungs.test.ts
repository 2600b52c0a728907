import type { Cascade } from '@sshn/model';
import { expect, test } from 'vitest';
import { joinParts, partsNote, steppedReason, throughRungs } from './rungs.js';

const line = { slope: 1, intercept: 0, error: 0.04 };
const rungs: Cascade['rungs'] = [
  { factor: 0.25, width: 0.5, dice: 0.8, error: 0.05, labels: [line] },
  { factor: 0.25, dice: 0.9, error: 0.03, labels: [{ ...line, slope: 0.5, intercept: 0.45 }] },
  { factor: 0.5, dice: 0.93, error: 0.02, labels: [line] },
];

/** Two labels at two pixels: [p(0), p(1)] of each. */
const maps = [
  [0.4, 0.6, 0.8, 0.2],
  [0.1, 0.9, 0.6, 0.4],
  [0, 1, 1, 0],
].map((map) => Float32Array.from(map));

test('goes on until the Dice that is asked for is predicted; judges by the mean of what was run', async () => {
  const run: number[] = [];
  const go = (asked: number | undefined, last = 2, isMean = false) => {
    run.length = 0;
    return throughRungs(rungs, { last, asked, labels: 2, isMean, isPart: false }, async (rung) => {
      run.push(rung);
      return maps[rung]!;
    });
  };
  // Rung 0 by itself: 2 · 0.6 / (1 + 0.8).
  const first = await go(0.6);
  expect(run).toEqual([0]);
  expect(first.predicted.mean).toBeCloseTo(1.2 / 1.8, 6);
  expect(first.sums[0]).toBeCloseTo(1.8, 6);
  // Rung 1, with the mean [0.25, 0.75], [0.7, 0.3]: 2 · 0.75 / (1 + 1.05), and its line.
  const second = await go(0.75);
  expect(run).toEqual([0, 1]);
  expect(second).toMatchObject({ rung: 1, probabilities: maps[1] });
  expect(second.predicted.mean).toBeCloseTo(0.45 + (0.5 * 1.5) / 2.05, 6);
  expect(second.predicted.error).toBe(0.03);
  expect(second.mean[3]).toBeCloseTo(0.3, 6);
  // With the mean as the answer, its Dice with itself is predicted.
  const meant = await go(0.75, 2, true);
  expect(meant.probabilities).toEqual(second.mean);
  expect(meant.predicted.mean).toBeCloseTo(second.predicted.mean!, 12);
  expect(await go(1)).toMatchObject({ rung: 2 });
  expect(await go(1, 0)).toMatchObject({ rung: 0 });
  const whole = await go(undefined);
  expect(whole.rung).toBe(2);
  // The mean of three: [1/6, 5/6], [0.8, 0.2].
  expect(whole.predicted.mean).toBeCloseTo((2 * (2.5 / 3)) / (1 + 3.1 / 3), 6);
  // What came in is left as it was.
  expect([...maps[0]!]).toEqual([...Float32Array.from([0.4, 0.6, 0.8, 0.2])]);
  const reason = (part: typeof first, dice: number, last: number) =>
    steppedReason(rungs, joinParts([part], { of: 3, asked: dice }), { cascade: true, dice }, last);
  expect(reason(second, 0.75, 2)).toBe(
    'Factor 0.25, setting 2 of 3: its predicted Dice is 0.816, give or take 0.03, as 0.75 was asked for.',
  );
  expect(reason(first, 0.9, 0)).toContain(
    'Factor 0.25, width 0.5, setting 1 of 3: its predicted Dice is 0.667, give or take 0.05; 0.9 was asked for, and the budget allows no more.',
  );
});

test('where no label is found, one part of several ends, a whole image does not', async () => {
  const empty = Float32Array.from([0.9, 0.1, 0.8, 0.2]);
  const go = (isPart: boolean) =>
    throughRungs(rungs, { last: 2, asked: 0.5, labels: 2, isMean: false, isPart }, async () => empty);
  expect(await go(true)).toMatchObject({ rung: 0, predicted: { mean: null } });
  expect(await go(false)).toMatchObject({ rung: 2, predicted: { mean: null } });
  // A label that is there, but whose Dice was not fitted, is no empty part.
  const unfitted = rungs.map((rung) => ({ ...rung, labels: [null] }));
  const way = { last: 2, asked: 0.5, labels: 2, isMean: false, isPart: true };
  expect((await throughRungs(unfitted, way, async () => maps[0]!)).rung).toBe(2);
});

test('agreement of an image is that of its parts, weighted', async () => {
  // By agreement itself (slope 1, intercept 0), so what is predicted of the whole is known.
  const way = { last: 0, asked: 0.9, labels: 2, isMean: false, isPart: true };
  const whole = maps.flatMap((map) => [...map]);
  const empty = { rung: 0, predicted: { labels: [null], mean: null, error: 0.05 }, sums: [0.3] };
  const parts = await Promise.all(maps.map((map) => throughRungs(rungs, way, async () => map)));
  const { predicted } = await throughRungs(rungs, way, async () => Float32Array.from(whole));
  const joined = joinParts([...parts, empty], { of: 3, asked: 0.9 });
  expect(joined.predicted.mean).toBeCloseTo(predicted.mean!, 12);
  expect(joined.predicted.labels[0]!.error).toBeCloseTo(0.04, 12);
  expect(joined.predicted.error).toBeCloseTo(0.05, 12);
  expect(joined.answered).toEqual([4, 0, 0]);
  const reasonOf = (parts: Parameters<typeof joinParts>[0], last: number) =>
    steppedReason(rungs, joinParts(parts, { of: 3, asked: 0.9 }), { cascade: true, dice: 0.9 }, last);
  expect(reasonOf([...parts, empty], 0)).toContain(
    `; 0.9 was asked for, ${joined.short} of 4 parts stay below, and the budget allows no more.`,
  );
  expect(reasonOf([empty, empty], 2)).toMatch(/setting 1 of 3: no Dice is predicted, .* was fitted\.$/);
  expect(joined.short).toBe(parts.filter((part) => part.predicted.mean! < 0.9).length);
  expect(joinParts([empty], { of: 3, asked: 0.9 })).toMatchObject({ short: 0, predicted: { mean: null } });
  expect(partsNote({ ...joined, answered: [3, 0, 1] }, 'slices', 0.5)).toBe(
    'Of 4 slices 3 with setting 1, 1 with setting 3 of the 3 of the cascade, 0.125 GFLOPs each on average.',
  );
});
