import { Rng } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { firstRate, nextRate, type RatePoint, type RateState, rateFront } from './rate-controller.js';

const at = (factor: number, milliseconds: number, dice?: number) => ({
  at: { factor, width: 1, resolution: 1 },
  milliseconds,
  dice,
});

const points: readonly RatePoint[] = [
  at(0, 10),
  at(0.1, 12),
  at(0.2, 15),
  at(0.3, 20),
  at(0.4, 26),
  at(0.5, 34),
];

/** Frames on a device that takes `slowness` times what was measured, give or take `noise`. */
function film(
  start: RateState,
  frames: number,
  { framesPerSecond = 30, slowness = 1, noise = 0, overhead = 0, seed = 1 } = {},
) {
  const rng = Rng.fromSeed(seed);
  const places: number[] = [];
  let state = start;
  for (let i = 0; i < frames; i++) {
    const measured =
      overhead + slowness * points[state.place]!.milliseconds * (1 + rng.uniform(-noise, noise));
    state = nextRate(points, state, measured, framesPerSecond);
    places.push(state.place);
  }
  const moves = places.filter((place, i) => place !== (i === 0 ? start.place : places[i - 1])).length;
  return { state, places, moves, factor: points[state.place]!.at.factor as number };
}

describe('what may be chosen', () => {
  test('is what no cheaper factor reaches', () => {
    const front = rateFront([
      { factor: 0.5, dice: 0.9, milliseconds: 30, gflops: null },
      { factor: 0.25, dice: 0.92, milliseconds: 20, gflops: null },
      { factor: 0, dice: 0.7, milliseconds: 22, gflops: null },
      { factor: 0.4, dice: 0.95, milliseconds: null, gflops: null },
    ]);
    // 0 measured slower than 0.25 by noise: the curve is made to rise.
    expect(front).toEqual([at(0, 22, 0.7), at(0.25, 22, 0.92)]);
  });

  test('leaves out a factor that saves next to nothing beside a better one', () => {
    const front = rateFront([
      { factor: 0, dice: 0.5, milliseconds: 10, gflops: 0.1 },
      { factor: 0.1, dice: 0.8, milliseconds: 11, gflops: 0.104 },
      { factor: 0.2, dice: 0.9, milliseconds: 14, gflops: 0.12 },
    ]);
    expect(front.map((point) => point.at.factor)).toEqual([0.1, 0.2]);
  });

  test('is every factor where nobody knows Dice', () => {
    const unknown = [0.5, 0].map((factor) => ({ factor, milliseconds: 5, dice: null, gflops: null }));
    expect(rateFront(unknown).map((point) => point.at.factor)).toEqual([0, 0.5]);
  });
});

describe('the controller', () => {
  test.each([
    [60, 0.1],
    [50, 0.2],
    [40, 0.3],
    [30, 0.4],
    [20, 0.5],
    [200, 0],
  ])('begins for %i frames per second with φ %d and stays there', (framesPerSecond, factor) => {
    const start = firstRate(points, framesPerSecond);
    expect(points[start.place]!.at.factor).toBe(factor);
    expect(film(start, 500, { framesPerSecond, noise: 0.1 }).moves).toBe(0);
  });

  test('goes down at once when the device gets slower, and up again when it recovers', () => {
    const start = firstRate(points, 30);
    const slower = film(start, 10, { slowness: 1.8 });
    expect(points[slower.state.place]!.milliseconds * 1.8).toBeLessThan(1000 / 30);
    const back = film(slower.state, 100);
    expect(back.factor).toBe(0.4);
    expect(back.moves).toBe(1);
  });

  test.each([0.05, 0.2, 0.4])('settles whatever the noise: %d', (noise) => {
    for (let seed = 0; seed < 20; seed++) {
      const { state } = film(firstRate(points, 25), 300, { framesPerSecond: 25, slowness: 1.5, noise, seed });
      const { moves } = film(state, 600, { framesPerSecond: 25, slowness: 1.5, noise, seed: seed + 100 });
      expect(moves).toBeLessThanOrEqual(2);
      expect(1.5 * points[state.place]!.milliseconds).toBeLessThanOrEqual(40 * 1.02);
    }
  });

  test('tries ever more rarely where stretching the curve misleads it', () => {
    // Each frame has 14 ms on top, so that larger φ look dearer than they are and smaller ones cheaper.
    const early = film(firstRate(points, 30), 400, { overhead: 14 });
    const late = film(early.state, 2000, { overhead: 14 });
    expect(late.moves).toBeLessThanOrEqual(4);
    expect(points[late.state.place]!.milliseconds + 14).toBeLessThanOrEqual(1000 / 30);
  });

  test('takes the cheapest where nothing is fast enough', () => {
    const { factor, moves } = film(firstRate(points, 30), 400, { slowness: 10 });
    expect(factor).toBe(0);
    expect(moves).toBeLessThanOrEqual(2);
  });

  test('one hiccup moves nothing', () => {
    const { state } = film(firstRate(points, 30), 50);
    expect(nextRate(points, state, 400, 30).place).toBe(state.place);
  });

  test('has a single φ to choose from', () => {
    const one = points.slice(0, 1);
    const start = firstRate(one, 60);
    expect(nextRate(one, start, 100, 60).place).toBe(0);
  });
});
