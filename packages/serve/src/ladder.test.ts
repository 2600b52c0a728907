import { ValueError } from '@sshn/core';
import { expect, test } from 'vitest';
import { ladderOf } from './ladder.js';

const point = (factor: number, dice: number | null, gflops = factor) => ({
  factor,
  dice,
  gflops,
  milliseconds: null,
});
const factors = { low: 0, high: 0.5 };
const of = (points: ReturnType<typeof point>[], least?: number) =>
  ladderOf({ name: 'cells', points, factors }, least).map(({ factor }) => factor as number);

test('of a table: what no cheaper factor matches, the cheapest first', () => {
  expect(of([point(0.4, 0.9), point(0.1, 0.7), point(0.2, 0.85), point(0.3, 0.84), point(0.5, 0.9)])).toEqual(
    [0.1, 0.2, 0.4],
  );
});

test('no more than six, the ends among them, and none outside of training', () => {
  const many = Array.from({ length: 51 }, (_, i) => point(i / 100, i / 100));
  const rungs = of([...many, point(0.9, 0.99)]);
  expect(rungs.length).toBe(6);
  expect([rungs[0], rungs.at(-1)]).toEqual([0, 0.5]);
  expect(rungs).toEqual(rungs.toSorted((a, b) => a - b));
});

test('without Dice: by cost', () => {
  expect(of([point(0.5, null), point(0, null, 0.1), point(0.25, null)])).toEqual([0, 0.25, 0.5]);
});

test('nothing that saves next to nothing: the smallest factor of many networks costs what the next one does', () => {
  const table = [
    point(0, 0.55, 0.105),
    point(0.05, 0.82, 0.106),
    point(0.2, 0.9, 0.15),
    point(0.5, 0.91, 0.37),
  ];
  expect(of(table)).toEqual([0.05, 0.2, 0.5]);
  expect(of([point(0.1, 0.7, 1), point(0.5, 0.9, 1.01)])).toEqual([0.5]);
});

test('nothing below the least Dice', () => {
  const table = [point(0.1, 0.7), point(0.2, 0.85), point(0.4, 0.9)];
  expect(of(table, 0.8)).toEqual([0.2, 0.4]);
  expect(() => of(table, 0.95)).toThrow(ValueError);
  expect(() => of(table, 0.95)).toThrow('at most 0.9, the best');
  expect(() => of([point(0.1, null)], 0.5)).toThrow('sshn pareto');
});

test('settings with a width and a resolution are steps of their own', () => {
  const points = [
    { ...point(0.5, 0.9, 1), width: 1 },
    { ...point(0.5, 0.85, 0.3), width: 0.5 },
    { ...point(0.5, 0.84, 0.4), resolution: 0.75 },
  ];
  expect(ladderOf({ name: 'cells', points, factors })).toEqual([points[1], points[0]]);
});
