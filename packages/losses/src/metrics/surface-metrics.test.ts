import { OptionError, percentileOf, Rng, ValueError } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import type { LabelScores } from './summary.js';
import { averageSurfaceDistance, hausdorffDistance, surfaceDice, surfaceScores } from './surface-metrics.js';

/** Surface voxels of a label, as points in mm; written from the definition, without boxes. */
function surfacePoints(
  values: ArrayLike<number>,
  label: number,
  shape: readonly number[],
  spacing: readonly number[],
) {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const at = (i: number) => shape.map((n, axis) => Math.floor(i / strides[axis]!) % n);
  const has = (place: readonly number[]) =>
    place.every((x, axis) => x >= 0 && x < shape[axis]!) &&
    values[place.reduce((sum, x, axis) => sum + x * strides[axis]!, 0)] === label;
  return Array.from({ length: values.length }, (_, i) => at(i))
    .filter(has)
    .filter((place) =>
      place.some((_, axis) =>
        [-1, 1].some((d) => !has(place.map((x, other) => (other === axis ? x + d : x)))),
      ),
    )
    .map((place) => place.map((x, axis) => x * spacing[axis]!));
}

function bruteForce(predicted: number[], truth: number[], label: number, shape: number[], spacing: number[]) {
  const p = surfacePoints(predicted, label, shape, spacing);
  const t = surfacePoints(truth, label, shape, spacing);
  const nearest = (from: number[][], to: number[][]) =>
    from.map((a) => Math.min(...to.map((b) => Math.hypot(...a.map((x, axis) => x - b[axis]!)))));
  return { toTruth: nearest(p, t), toPrediction: nearest(t, p) };
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
/** A blob around a center. */
function blob(shape: readonly number[], center: readonly number[], radius: number): number[] {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  return Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => {
    const place = shape.map((n, axis) => Math.floor(i / strides[axis]!) % n);
    return Math.hypot(...place.map((x, axis) => x - center[axis]!)) <= radius ? 1 : 0;
  });
}

describe('surface metrics by hand', () => {
  // One voxel each, 3 voxels of 2 mm apart in height and 4 of 1 mm in width: √52 mm.
  const predicted = [1, ...new Array<number>(19).fill(0)];
  const truth = [...new Array<number>(19).fill(0), 1];
  const grid = { labels: 2, shape: [4, 5], spacingMm: [2, 1] };

  test('two single voxels', () => {
    const scores = surfaceScores(predicted, truth, { ...grid, toleranceMm: Math.sqrt(52) });
    expect(scores.hausdorff.mean).toBeCloseTo(Math.sqrt(52), 12);
    expect(scores.hausdorff95.mean).toBeCloseTo(Math.sqrt(52), 12);
    expect(scores.averageDistance.mean).toBeCloseTo(Math.sqrt(52), 12);
    expect(scores.surfaceDice.mean).toBe(1);
    expect(surfaceDice(predicted, truth, { ...grid, toleranceMm: 7 }).mean).toBe(0);
  });

  test('a row of three against its first voxel', () => {
    const options = { labels: 2, shape: [1, 5], spacingMm: [1, 2] };
    const [p, t] = [
      [1, 1, 1, 0, 0],
      [1, 0, 0, 0, 0],
    ];
    // To the truth 0, 2, 4; to the prediction 0.
    expect(hausdorffDistance(p, t, options).mean).toBe(4);
    expect(hausdorffDistance(p, t, { ...options, direction: 'truthToPredicted' }).mean).toBe(0);
    expect(hausdorffDistance(t, p, { ...options, direction: 'truthToPredicted' }).mean).toBe(4);
    expect(hausdorffDistance(p, t, { ...options, percentile: 50 }).mean).toBe(2);
    expect(hausdorffDistance(p, t, { ...options, percentile: 75 }).mean).toBe(3);
    expect(hausdorffDistance(p, t, { ...options, percentile: 0 }).mean).toBe(0);
    expect(averageSurfaceDistance(p, t, options).mean).toBe(6 / 4);
    expect(averageSurfaceDistance(p, t, { ...options, direction: 'predictedToTruth' }).mean).toBe(2);
    expect(surfaceDice(p, t, { ...options, toleranceMm: 2 }).mean).toBe(3 / 4);
    expect(surfaceDice(p, t, { ...options, toleranceMm: 0 }).mean).toBe(2 / 4);
    expect(surfaceDice(p, t, { ...options, toleranceMm: [9, 0] }).mean).toBe(2 / 4);
  });

  test('the inside of a region is no surface', () => {
    // A 5×5 square against its middle: from the corners of its rim √8, from the middle to the rim 2.
    const square = new Array<number>(25).fill(1);
    const middle = square.map((_, i) => (i === 12 ? 1 : 0));
    const options = { labels: 2, shape: [5, 5] };
    expect(hausdorffDistance(square, middle, options).mean).toBeCloseTo(Math.sqrt(8), 12);
    expect(hausdorffDistance(square, middle, { ...options, direction: 'truthToPredicted' }).mean).toBe(2);
  });

  test('a tolerance of three steps of 0.1 mm is 0.3 mm', () => {
    const options = { labels: 2, shape: [1, 4], spacingMm: [1, 0.1], toleranceMm: 0.3 };
    expect(surfaceDice([1, 0, 0, 0], [0, 0, 0, 1], options).mean).toBe(1);
  });
});

describe('surface metrics by brute force', () => {
  test.each([
    { shape: [13, 17], spacing: [1, 1] },
    { shape: [9, 20], spacing: [2.5, 0.4] },
    { shape: [1, 30], spacing: [1, 1] },
    { shape: [7, 9, 8], spacing: [1, 1, 1] },
    { shape: [5, 10, 9], spacing: [3, 0.8, 1.2] },
  ])('$shape at $spacing mm', ({ shape, spacing }) => {
    const rng = Rng.fromSeed(shape.length * 10 + shape[0]!);
    const center = () => shape.map((n) => rng.uniform(0, n));
    const noise = (values: number[]) => values.map((value) => (rng.uniform() < 0.05 ? 1 - value : value));
    for (let round = 0; round < 4; round++) {
      const [predicted, truth] = [noise(blob(shape, center(), 3)), noise(blob(shape, center(), 4))];
      const { toTruth, toPrediction } = bruteForce(predicted, truth, 1, shape, spacing);
      const options = { labels: 2, shape, spacingMm: spacing, toleranceMm: 1.5 };
      const scores = surfaceScores(Int32Array.from(predicted), Uint8Array.from(truth), options);
      const all = [...toTruth, ...toPrediction];
      expect(scores.hausdorff.mean).toBeCloseTo(Math.max(...all), 10);
      expect(scores.hausdorff95.mean).toBeCloseTo(
        Math.max(percentileOf(toTruth, 95), percentileOf(toPrediction, 95)),
        10,
      );
      expect(scores.averageDistance.mean).toBeCloseTo(mean(all), 10);
      expect(scores.surfaceDice.mean).toBeCloseTo(all.filter((d) => d <= 1.5).length / all.length, 10);
    }
  });

  test('of several labels, each by itself; one pass gives what four calls give', () => {
    const rng = Rng.fromSeed(3);
    const shape = [12, 15];
    const map = () => Array.from({ length: 180 }, () => rng.integer(4));
    const [predicted, truth] = [map(), map()];
    const options = { labels: 4, shape, spacingMm: [1, 2], includeBackground: true, toleranceMm: 1 };
    const scores = surfaceScores(predicted, truth, options);
    for (let label = 0; label < 4; label++) {
      const { toTruth, toPrediction } = bruteForce(predicted, truth, label, shape, [1, 2]);
      expect(scores.hausdorff.perLabel.get(label)).toBeCloseTo(Math.max(...toTruth, ...toPrediction), 10);
    }
    expect(hausdorffDistance(predicted, truth, options)).toEqual(scores.hausdorff);
    expect(hausdorffDistance(predicted, truth, { ...options, percentile: 95 })).toEqual(scores.hausdorff95);
    expect(averageSurfaceDistance(predicted, truth, options)).toEqual(scores.averageDistance);
    expect(surfaceDice(predicted, truth, options)).toEqual(scores.surfaceDice);
    expect([
      ...hausdorffDistance(predicted, truth, { ...options, includeBackground: false }).perLabel.keys(),
    ]).toEqual([1, 2, 3]);
  });

  test('is 0 for itself, and symmetric', () => {
    const shape = [6, 7, 8];
    const [a, b] = [blob(shape, [2, 3, 4], 2.5), blob(shape, [3, 3, 3], 3)];
    const options = { labels: 2, shape, spacingMm: [2, 1, 1], toleranceMm: 0 };
    const same = surfaceScores(a, a, options);
    expect([same.hausdorff.mean, same.averageDistance.mean, same.surfaceDice.mean]).toEqual([0, 0, 1]);
    expect(surfaceScores(b, a, options).hausdorff95).toEqual(surfaceScores(a, b, options).hausdorff95);
    expect(surfaceScores(b, a, options).averageDistance.mean).toBeCloseTo(
      surfaceScores(a, b, options).averageDistance.mean,
      12,
    );
  });
});

describe('surface metrics where labels are absent', () => {
  const options = { labels: 3, shape: [3, 4], spacingMm: [1, 1], toleranceMm: 1 };
  const none = new Array<number>(12).fill(0);
  const some = none.map((_, i) => (i === 5 ? 1 : 0));
  const of = (score: LabelScores) => ({ label1: score.perLabel.get(1), ...score });

  test('from both: NaN, named, in no mean', () => {
    const { hausdorff, surfaceDice: nsd } = surfaceScores(some, some, options);
    for (const score of [hausdorff, nsd]) {
      expect(score.perLabel.get(2)).toBeNaN();
      expect(score.undefinedLabels).toEqual([2]);
      expect(score.mean).not.toBeNaN();
    }
    expect(hausdorffDistance(none, none, options).mean).toBeNaN();
  });

  test("from both, with empty 'one' and 'skip'", () => {
    const one = surfaceScores(none, none, { ...options, empty: 'one' });
    expect([one.hausdorff.mean, one.averageDistance.mean, one.surfaceDice.mean]).toEqual([0, 0, 1]);
    expect(one.hausdorff.undefinedLabels).toEqual([1, 2]);
    const skip = surfaceScores(some, some, { ...options, empty: 'skip' });
    expect([...skip.hausdorff.perLabel.keys()]).toEqual([1]);
  });

  test.each([
    ['prediction', none, some],
    ['truth', some, none],
  ])(
    'from the %s alone: Infinity or what was asked for, 0 for surface Dice; named',
    (_, predicted, truth) => {
      const scores = surfaceScores(predicted, truth, options);
      expect(of(scores.hausdorff)).toMatchObject({ label1: Infinity, mean: Infinity, oneEmptyLabels: [1] });
      expect(of(scores.hausdorff95).label1).toBe(Infinity);
      expect(of(scores.averageDistance).label1).toBe(Infinity);
      expect(of(scores.surfaceDice)).toMatchObject({ label1: 0, mean: 0, oneEmptyLabels: [1] });
      const diagonal = { ...options, spacingMm: [4, 4], oneEmpty: 'diagonal' } as const;
      expect(hausdorffDistance(predicted, truth, diagonal).mean).toBe(20);
      expect(averageSurfaceDistance(predicted, truth, { ...options, oneEmpty: 373.13 }).mean).toBe(373.13);
      expect(averageSurfaceDistance(predicted, truth, { ...options, oneEmpty: 0 }).mean).toBe(0);
      const direction = 'truthToPredicted';
      expect(hausdorffDistance(predicted, truth, { ...options, direction }).mean).toBe(Infinity);
    },
  );

  test('ignored voxels belong to no label, whatever is predicted there', () => {
    const truth = [0, 1, 0, 0, 0, 255];
    const predicted = [0, 1, 0, 0, 0, 1];
    const line = { labels: 2, shape: [1, 6] };
    expect(() => hausdorffDistance(predicted, truth, line)).toThrow('true label at index 5: got 255');
    expect(hausdorffDistance(predicted, truth, { ...line, ignoreLabel: 255 }).mean).toBe(0);
    const score = hausdorffDistance([0, 1, 2], [0, 1, 2], { labels: 3, shape: [3], ignoreLabel: 2 });
    expect([...score.perLabel]).toEqual([[1, 0]]);
    const allIgnored = hausdorffDistance([0, 1], [9, 9], { labels: 2, shape: [2], ignoreLabel: 9 });
    expect(allIgnored).toMatchObject({ mean: Number.NaN, undefinedLabels: [1] });
  });

  test('a single voxel, in two and three dimensions', () => {
    expect(hausdorffDistance([1], [1], { labels: 2, shape: [1, 1] }).mean).toBe(0);
    expect(surfaceDice([1], [1], { labels: 2, shape: [1, 1, 1], toleranceMm: 0 }).mean).toBe(1);
  });

  test.each<[() => unknown, string]>([
    [() => hausdorffDistance(some, none, { ...options, percentile: 101 }), 'percentile: got 101'],
    [() => hausdorffDistance(some, none, { ...options, shape: [3, 5] }), 'got 12, expected 15 entries'],
    [() => hausdorffDistance([...some, 0], none, options), 'predicted labels: got 13, expected 12 entries'],
    [() => hausdorffDistance(some, none, { ...options, spacingMm: [1] }), '2 positive numbers of mm'],
    [() => hausdorffDistance(some, none, { ...options, labels: 1 }), 'predicted label at index 5: got 1'],
    [() => averageSurfaceDistance(some, none, { ...options, oneEmpty: -1 }), 'oneEmpty: got -1'],
    [() => surfaceDice(some, none, { ...options, toleranceMm: -1 }), 'toleranceMm: got -1'],
    [() => surfaceDice(some, none, { ...options, toleranceMm: [1] }), 'a list of 3, one for each label'],
  ])('refuses what makes no sense: %s', (call, message) => {
    expect(call).toThrow(ValueError);
    expect(call).toThrow(message);
  });

  test('refuses words that are none', () => {
    const wrong = <Word>(word: string) => word as Word;
    expect(() => hausdorffDistance(some, none, { ...options, direction: wrong('bot') })).toThrow(
      "Did you mean 'both'?",
    );
    expect(() => averageSurfaceDistance(some, none, { ...options, direction: wrong('bot') })).toThrow(
      OptionError,
    );
    expect(() => hausdorffDistance(some, none, { ...options, oneEmpty: wrong('diagnal') })).toThrow(
      "Did you mean 'diagonal'?",
    );
    expect(() => surfaceDice(some, none, { ...options, empty: wrong('skp') })).toThrow(
      "Did you mean 'skip'?",
    );
  });
});
