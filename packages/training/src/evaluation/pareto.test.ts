import { ValueError } from '@sshn/core';
import { array, assert, integer, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { factorGrid, paretoFront } from './pareto.js';

test('keeps what nothing beats', () => {
  const points = [
    { cost: 1, value: 0.5 },
    { cost: 2, value: 0.9 },
    { cost: 2, value: 0.8 },
    { cost: 3, value: 0.9 },
    { cost: 3, value: 0.95 },
  ];
  expect(paretoFront(points)).toEqual([true, true, false, false, true]);
});

test('keeps exact ties, and nothing of undefined value', () => {
  expect(
    paretoFront([
      { cost: 1, value: 1 },
      { cost: 1, value: 1 },
    ]),
  ).toEqual([true, true]);
  expect(
    paretoFront([
      { cost: 1, value: Number.NaN },
      { cost: 2, value: 1 },
    ]),
  ).toEqual([false, true]);
  expect(paretoFront([])).toEqual([]);
});

test('every point left out is beaten by one on the front', () => {
  const point = record({ cost: integer({ min: 0, max: 9 }), value: integer({ min: 0, max: 9 }) });
  assert(
    property(array(point), (points) => {
      const front = points.filter((_, i) => paretoFront(points)[i]);
      for (const p of points) {
        const isBeaten = front.some((f) => f.cost <= p.cost && f.value >= p.value);
        expect(isBeaten).toBe(true);
      }
    }),
  );
});

describe('factorGrid', () => {
  test('combines every value with every other, the last factor fastest', () => {
    expect(factorGrid([0, 0.5], 2)).toEqual([
      [0, 0],
      [0, 0.5],
      [0.5, 0],
      [0.5, 0.5],
    ]);
    expect(factorGrid([0.1, 0.2, 0.3], 1)).toEqual([[0.1], [0.2], [0.3]]);
  });

  test('has the 1331 combinations of the paper, each once', () => {
    const values = Array.from({ length: 11 }, (_, i) => i / 10);
    const grid = factorGrid(values, 3);
    expect(new Set(grid.map(String)).size).toBe(1331);
  });

  test('refuses a number of factors that is none', () => {
    expect(() => factorGrid([0, 1], 0)).toThrow(ValueError);
  });
});
