import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toldDice } from './testing/expected.js';
import { type InstalledExample, installExample } from './testing/install.js';
import { runScript } from './testing/run.js';

let example: InstalledExample;
beforeAll(async () => {
  example = await installExample('node-wasm');
});
afterAll(() => example?.[Symbol.dispose]());

test('trains, and goes on from where it was', { timeout: 300_000 }, async () => {
  const settings = { images: 50, size: 32, features: 8, epochs: 24 };
  const lines = await runScript(example, 'train', settings);
  expect(lines[0]).toMatch(/^Training on \d+ threads?\.$/);
  const losses = lines.flatMap(
    (line) => /^epoch \d+\/24 {2}loss (\d\.\d{3}) {2}Dice \d/.exec(line)?.[1] ?? [],
  );
  expect(losses).toHaveLength(8);
  expect(Number(losses.at(-1))).toBeLessThan(Number(losses[0]));
  const best = Number(/best validation Dice (\d\.\d+)/.exec(lines.at(-1)!)?.[1]);
  expect(best).toBeGreaterThan(toldDice('node-wasm'));

  // The run is complete: nothing is trained twice.
  const again = await runScript(example, 'train', settings);
  expect(again.filter((line) => line.startsWith('epoch'))).toEqual([]);
});

test('measures each factor, marks the front, and writes both files', { timeout: 300_000 }, async () => {
  const lines = await runScript(example, 'pareto', { points: 4 });
  const rows = readFileSync(join(example.folder, 'run/pareto.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((row) => row.split(','));
  const [factors, dice, gflops] = [0, 1, 2].map((column) => rows.map((row) => Number(row[column])));
  expect(factors![3]).toBe(0.5);
  expect(gflops).toEqual([...gflops!].sort((a, b) => a - b));
  expect(Math.max(...dice!)).toBeGreaterThan(0.5);

  // Costs rise with the factor, so the front is where accuracy reaches a new height.
  const isOnFront = dice!.map((value, i) => i === 0 || value > Math.max(...dice!.slice(0, i)));
  expect(rows.map((row) => row[4] === 'true')).toEqual(isOnFront);
  const table = lines.slice(1, 5);
  expect(table.map((line) => line.endsWith('front'))).toEqual(isOnFront);
  expect(table.map((line) => line.trim().split(/\s+/)[1])).toEqual(dice!.map((value) => value.toFixed(3)));

  const svg = readFileSync(join(example.folder, 'run/pareto.svg'), 'utf8');
  expect(svg.match(/<circle/g)).toHaveLength(4);
  expect(svg).not.toContain('NaN');
});
