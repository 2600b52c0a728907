import { fileURLToPath } from 'node:url';
import { initialize, mapParams, Rng, setting, ValueError } from '@sshn/core';
import { diceScore } from '@sshn/losses';
import { predictDice } from '@sshn/model';
import { useBackend, withoutLeak } from '@sshn-internal/testing';
import { argMax, dispose, mul, reverse, softmax, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gflopsAt } from '../evaluation/measure.js';
import { disks } from '../testing/disks.js';
import { evaluateRun, fitCascade, loadRun, measureSureness, type Run } from './index.js';

const dataset = disks(30, [8, 8]);
let trained: Run;
/** Untrained and large, so that labels depend on the setting; judged on parts of 30 disks. */
let run: Run;
beforeAll(async () => {
  await useBackend('cpu');
  trained = await loadRun(fileURLToPath(new URL('../testing/old-run', import.meta.url)));
  const random = initialize(trained.model.specs, Rng.fromSeed(5));
  const params = mapParams(random, (one, path) => mul(one, path.includes('heads') ? 20 : 1));
  dispose(random as never);
  const split = {
    train: dataset.ids.slice(0, 10),
    validation: dataset.ids.slice(10, 19),
    test: dataset.ids.slice(19),
  };
  run = {
    ...trained,
    params,
    match: async () => ({ dataset, split, changes: [], digest: '' }),
    split: () => split,
  };
});
afterAll(() => {
  dispose(run.params as never);
  trained.dispose();
});

/** Probabilities of an image, by hand. */
async function softmaxOf(id: string, factor: number, flipped: number[] = []): Promise<number[]> {
  const prepared = await run.prepare(dataset);
  const { image } = await prepared.load(id);
  return tidy(() => {
    const weights = run.model.specialize(run.params, setting(factor));
    const turned = <T extends Tensor>(x: T) => (flipped.length > 0 ? reverse(x, flipped) : x);
    const x = turned(tensor(image.values, [1, 8, 8, 1]));
    return [...softmax(turned(run.model.network.apply(weights, x, setting(factor)))).dataSync()];
  });
}

/** Soft Dice of label 1. */
function softDice(labels: readonly number[], probabilities: readonly number[]): number {
  const mass = probabilities.filter((_, i) => i % 2 === 1);
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  return (2 * sum(mass.filter((_, i) => labels[i] === 1))) / (sum(labels) + sum(mass));
}

const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** The line of least squares, not falling, and how far off it is for a point left out. */
function lineOf(points: ReadonlyArray<[number, number]>) {
  const fit = (some: typeof points) => {
    const [x, y] = [meanOf(some.map(([u]) => u)), meanOf(some.map(([, v]) => v))];
    const slope = Math.max(
      0,
      some.reduce((sum, [u, v]) => sum + (u - x) * (v - y), 0) /
        some.reduce((sum, [u]) => sum + (u - x) ** 2, 0),
    );
    return { slope, intercept: y - slope * x };
  };
  const errors = points.map(([u, v], i) => {
    const { slope, intercept } = fit(points.filter((_, j) => j !== i));
    return Math.abs(Math.min(1, Math.max(0, intercept + slope * u)) - v);
  });
  return { ...fit(points), error: meanOf(errors) };
}

const labelsOf = (probabilities: readonly number[]) =>
  tidy(() => [...argMax(tensor(probabilities, [64, 2]), 1).dataSync()]);

test('lines and errors are those of images seen by hand; Dice is that of evaluateRun', async () => {
  const places = [{ factor: 0 }, { factor: 0.5 }];
  const cascade = (await withoutLeak(() => fitCascade(run, dataset, places)))!;
  expect(cascade.images).toBe(9);
  const results = await evaluateRun(run, dataset, { factors: [0, 0.5], split: 'validation', isTimed: false });
  // The last rung, the first unflipped and flipped along each axis: its labels, or those of the mean, against the mean of both.
  type Way = ReturnType<typeof lineOf> & { flipped: number[]; answer: 'last' | 'mean'; dices: number[] };
  const ways: Way[] = [];
  const cases = [[], [0], [1]].flatMap((flipped) =>
    (['last', 'mean'] as const).map((answer) => ({ flipped, answer })),
  );
  for (const { flipped, answer } of cases) {
    const points: Array<[number, number]> = [];
    const first: number[] = [];
    for (const id of dataset.ids.slice(10, 19)) {
      const axes = flipped.map((axis) => axis + 1);
      const [a, b] = [await softmaxOf(id, 0, axes), await softmaxOf(id, 0.5)];
      const mean = a.map((p, i) => (p + b[i]!) / 2);
      const labels = labelsOf(answer === 'mean' ? mean : b);
      const truth = [...(await dataset.load(id)).labels.values];
      points.push([softDice(labels, mean), diceScore(labels, truth, { labels: 2 }).mean]);
      first.push(diceScore(labelsOf(a), truth, { labels: 2 }).mean);
    }
    const dices = [meanOf(first), meanOf(points.map(([, dice]) => dice))];
    ways.push({ ...lineOf(points), flipped, answer, dices });
  }
  expect(ways[0]!.dices[0]).toBeCloseTo(results[0]!.dice, 9);
  expect(ways[0]!.dices[1]).toBeCloseTo(results[1]!.dice, 9);
  const best = ways
    .filter(({ dices }) => dices.every((dice, i) => dice >= ways[0]!.dices[i]! - 0.005))
    .reduce((a, b) => (b.error < a.error ? b : a));
  const [flippedOrNot, last] = [cascade.rungs[0]!, cascade.rungs[1]!];
  expect(flippedOrNot.flipped ?? []).toEqual(best.flipped);
  expect(cascade.answer ?? 'last').toBe(best.answer);
  expect([flippedOrNot.dice, last.dice]).toEqual(best.dices.map((dice) => expect.closeTo(dice, 9)));
  expect(last.flipped).toBeUndefined();
  expect(last.error).toBeCloseTo(best.error, 4);
  expect(last.labels[0]!.slope).toBeCloseTo(best.slope, 4);
  expect(last.labels[0]!.intercept).toBeCloseTo(best.intercept, 4);

  // Measured on the others: what is predicted for each, and ways beside it that cost no more.
  const front = [0, 0.25, 0.5].map((factor, i) => ({
    factor,
    gflops: gflopsAt(run.model, dataset, setting(factor)),
    dice: 0.5 + i / 10,
  }));
  const found = (await withoutLeak(() => measureSureness(run, dataset, cascade, front)))!;
  expect(found.images).toBe(11);
  const [first] = dataset.ids.slice(19);
  const axes = best.flipped.map((axis) => axis + 1);
  const [a, b] = [await softmaxOf(first!, 0, axes), await softmaxOf(first!, 0.5)];
  const agreed = softDice(
    labelsOf(best.answer === 'mean' ? a.map((p, i) => (p + b[i]!) / 2) : b),
    a.map((p, i) => (p + b[i]!) / 2),
  );
  expect(found.predictions[0]![0]).toBeCloseTo(predictDice(cascade.rungs[1]!, [agreed]).mean!, 5);
  const [ours, softmaxed, entropy, flips] = found.methods;
  expect(ours!.gflops).toBeCloseTo(front[0]!.gflops + front[2]!.gflops, 12);
  expect([softmaxed!.place, entropy!.place]).toEqual([{ factor: 0.5 }, { factor: 0.5 }]);
  // Nothing costs a quarter of both: flips take the cheapest.
  expect(flips).toMatchObject({ place: { factor: 0 }, gflops: expect.closeTo(4 * front[0]!.gflops, 12) });
  // All flips by hand: the answer is that of their mean.
  const dices: number[] = [];
  for (const id of dataset.ids.slice(19)) {
    const sets: number[][] = [];
    for (const axes of [[], [1], [2], [1, 2]]) sets.push(await softmaxOf(id, 0, axes));
    const labels = labelsOf(sets[0]!.map((_, i) => sets.reduce((sum, one) => sum + one[i]!, 0) / 4));
    dices.push(diceScore(labels, [...(await dataset.load(id)).labels.values], { labels: 2 }).mean);
  }
  expect(flips!.dice).toBeCloseTo(dices.reduce((sum, dice) => sum + dice, 0) / dices.length, 6);
  for (const { area, errorRate } of found.methods) {
    expect(errorRate).toBeGreaterThan(0);
    expect(area).toBeGreaterThanOrEqual(errorRate - 1e-9);
    expect(area).toBeLessThan(2);
  }
});

test('ends when it is told to, and refuses what cannot be fitted', async () => {
  const aborted = { signal: AbortSignal.abort() };
  expect(await fitCascade(run, dataset, [{ factor: 0 }], aborted)).toBeUndefined();
  await expect(fitCascade(run, dataset, [])).rejects.toThrow(ValueError);
  const aligning = { ...run, config: { ...run.config, task: 'registration' as const } };
  await expect(fitCascade(aligning, dataset, [{ factor: 0 }])).rejects.toThrow('a run of registration');
});
