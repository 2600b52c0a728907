import { array, assert, integer, property, record } from 'fast-check';
import { expect, test } from 'vitest';
import { paretoFront } from './pareto-front.js';

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
