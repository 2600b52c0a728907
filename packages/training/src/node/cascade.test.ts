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

/** Of flipped axes counted from 0. */
const seen = (id: string, factor: number, flipped: readonly number[] = []) =>
  softmaxOf(
    id,
    factor,
    flipped.map((axis) => axis + 1),
  );

/** The answer after the first rung under some flips and the last, and the mean of all. */
async function lastRung(id: string, flips: readonly number[][], answer: 'last' | 'mean') {
  const maps: number[][] = [];
  for (const flipped of flips) maps.push(await seen(id, 0, flipped));
  const last = await seen(id, 0.5);
  const mean = last.map((p, i) => maps.reduce((sum, map) => sum + map[i]!, p) / (maps.length + 1));
  return { labels: labelsOf(answer === 'mean' ? mean : last), mean };
}

test('lines and errors are those of images seen by hand; Dice is that of evaluateRun', async () => {
  const places = [{ factor: 0 }, { factor: 0.5 }];
  const cascade = (await withoutLeak(() => fitCascade(run, dataset, places)))!;
  expect(cascade.images).toBe(9);
  const results = await evaluateRun(run, dataset, { factors: [0, 0.5], split: 'validation', isTimed: false });
  // The first rung as it is, or under each flip that costs it no Dice; the labels of the last rung, or those of the mean.
  const validation = dataset.ids.slice(10, 19);
  const truthOf = async (id: string) => [...(await dataset.load(id)).labels.values];
  const diceOf = async (labels: readonly number[], id: string) =>
    diceScore([...labels], await truthOf(id), { labels: 2 }).mean;
  const aloneAt = async (flipped: readonly number[]) => {
    const dices: number[] = [];
    for (const id of validation) dices.push(await diceOf(labelsOf(await seen(id, 0, flipped)), id));
    return meanOf(dices);
  };
  const unflipped = await aloneAt([]);
  expect(unflipped).toBeCloseTo(results[0]!.dice, 9);
  const kept: number[][] = [];
  for (const flipped of [[0], [1], [0, 1]])
    if ((await aloneAt(flipped)) >= unflipped - 0.005) kept.push(flipped);
  expect(kept.length).toBeGreaterThan(0);
  const wayOf = async (flips: readonly number[][], answer: 'last' | 'mean') => {
    const points: Array<[number, number]> = [];
    for (const id of validation) {
      const { labels, mean } = await lastRung(id, flips, answer);
      points.push([softDice(labels, mean), await diceOf(labels, id)]);
    }
    return { ...lineOf(points), flips, answer, dice: meanOf(points.map(([, dice]) => dice)) };
  };
  const plain = [await wayOf([[]], 'last'), await wayOf([[]], 'mean')];
  expect(plain[0]!.dice).toBeCloseTo(results[1]!.dice, 9);
  const flippedWays = [await wayOf(kept, 'last'), await wayOf(kept, 'mean')];
  const good = (ways: typeof plain) => ways.filter(({ dice }) => dice >= plain[0]!.dice - 0.005);
  const best = (good(flippedWays).length > 0 ? good(flippedWays) : good(plain)).reduce((a, b) =>
    b.error < a.error ? b : a,
  );
  const last = cascade.rungs.at(-1)!;
  expect(cascade.rungs.slice(0, -1).map(({ flipped = [] }) => flipped)).toEqual(best.flips);
  expect(cascade.rungs.map(({ factor }) => factor)).toEqual([...best.flips.map(() => 0), 0.5]);
  expect(cascade.answer ?? 'last').toBe(best.answer);
  expect(last.dice).toBeCloseTo(best.dice, 9);
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
  const { labels, mean } = await lastRung(first!, best.flips, best.answer);
  const agreed = softDice(labels, mean);
  expect(found.predictions[0]![0]).toBeCloseTo(predictDice(last, [agreed]).mean!, 5);
  const [ours, softmaxed, entropy, flips] = found.methods;
  expect(ours!.gflops).toBeCloseTo(best.flips.length * front[0]!.gflops + front[2]!.gflops, 12);
  expect([softmaxed!.place, entropy!.place]).toEqual([{ factor: 0.5 }, { factor: 0.5 }]);
  // The most accurate that costs a quarter of all passes, or the cheapest.
  const flippedPlace = front.filter(({ gflops }) => gflops <= ours!.gflops / 4).at(-1) ?? front[0]!;
  expect(flips).toMatchObject({
    place: { factor: flippedPlace.factor },
    gflops: expect.closeTo(4 * flippedPlace.gflops, 12),
  });
  // All flips by hand: the answer is that of their mean.
  const dices: number[] = [];
  for (const id of dataset.ids.slice(19)) {
    const sets: number[][] = [];
    for (const axes of [[], [1], [2], [1, 2]]) sets.push(await softmaxOf(id, flippedPlace.factor, axes));
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

test('nothing is flipped where every flip costs Dice', async () => {
  // The truth is what the first setting sees of the image as it is.
  const own = new Map<string, number[]>();
  for (const id of dataset.ids.slice(10, 19)) own.set(id, labelsOf(await seen(id, 0)));
  const labelled = {
    ...dataset,
    load: async (id: string) => {
      const example = await dataset.load(id);
      return { ...example, labels: { ...example.labels, values: Uint8Array.from(own.get(id)!) } };
    },
  };
  const matched = await run.match(dataset);
  const asItIs = { ...run, match: async () => ({ ...matched, dataset: labelled }) };
  const cascade = (await fitCascade(asItIs, labelled, [{ factor: 0 }, { factor: 0.5 }]))!;
  expect(cascade.rungs.map(({ factor, flipped }) => [factor, flipped])).toEqual([
    [0, undefined],
    [0.5, undefined],
  ]);
  expect(cascade.rungs[0]!.dice).toBeCloseTo(1, 9);
});

test('ends when it is told to, and refuses what cannot be fitted', async () => {
  const aborted = { signal: AbortSignal.abort() };
  expect(await fitCascade(run, dataset, [{ factor: 0 }], aborted)).toBeUndefined();
  await expect(fitCascade(run, dataset, [])).rejects.toThrow(ValueError);
  const aligning = { ...run, config: { ...run.config, task: 'registration' as const } };
  await expect(fitCascade(aligning, dataset, [{ factor: 0 }])).rejects.toThrow('a run of registration');
});
