import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { curves } from './curves.js';
import { growthPlot } from './plot.js';
import { csvOf, growths, type Point, pointsIn, withPoint } from './points.js';

const points: readonly Point[] = [
  { curve: 'inference-pixels', value: 64, ms: 5, bytes: 1000 },
  { curve: 'inference-pixels', value: 128, ms: 20, bytes: 2000 },
  { curve: 'step-batch', value: 4, ms: 10, bytes: 1000 },
  { curve: 'step-batch', value: 1, ms: 5, bytes: 1000 },
];

test('points are read as they were written, and lines that are none are refused', () => {
  expect(pointsIn(csvOf(points))).toEqual(points);
  expect(pointsIn(csvOf([]))).toEqual([]);
  expect(() => pointsIn('curve,value\n')).toThrow("got the heading 'curve,value'");
  expect(() => pointsIn(`${csvOf(points)}step-batch,8,fast,3\n`)).toThrow(
    "got the line 'step-batch,8,fast,3'",
  );
});

test('of two measurements of a point the lower costs stay, and points keep the order of the curves', () => {
  const [first, , last] = points as [Point, Point, Point, Point];
  const again = { ...first, ms: 4, bytes: 3000 };
  expect(withPoint([last, first], again)).toEqual([{ ...first, ms: 4 }, last]);
  expect(withPoint([last], first)).toEqual([first, last]);
});

test('growth is the power of the work by which a cost grows', () => {
  expect(growths(points)).toEqual([
    { curve: 'inference-pixels', from: 64, to: 128, time: 1, memory: 0.5 },
    { curve: 'step-batch', from: 1, to: 4, time: 0.5, memory: 0 },
  ]);
});

test('the plot is one document with a point for each cost of each point', () => {
  const svg = growthPlot(points);
  expect(svg.match(/<svg/g)?.length).toBe(1);
  expect(svg).not.toContain('NaN');
  expect(svg.match(/<circle/g)?.length).toBe(2 * points.length);
});

test('as measured, nothing grows faster than the work', async () => {
  const measured = pointsIn(await readFile(new URL('growth.csv', import.meta.url), 'utf8'));
  expect(new Set(measured.map(({ curve }) => curve))).toEqual(new Set(curves.map(({ name }) => name)));
  const bytesAt = (name: string, at: number) =>
    measured.find(({ curve, value }) => curve === name && value === at)!.bytes;
  for (const { curve, from, to, time, memory } of growths(measured)) {
    // A tenth is what a machine swings between two points.
    expect(time, `time of ${curve}, ${to}`).toBeLessThan(1.1);
    // Less than that is lost in what Node itself takes and gives back.
    if (bytesAt(curve, from) > 2 ** 26) expect(memory, `memory of ${curve}, ${to}`).toBeLessThan(1.1);
  }
});
