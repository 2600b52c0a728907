import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type InstalledExample, installExample } from './testing/install.js';
import { runScript } from './testing/run.js';

let example: InstalledExample;
beforeAll(async () => {
  example = await installExample('registration');
}, 300_000);
afterAll(() => example?.[Symbol.dispose]());

test('trains, brings unseen subjects closer at every factor, and draws the deformed grid', {
  timeout: 300_000,
}, async () => {
  const trained = await runScript(example, 'train', { subjects: 14, size: 48, epochs: 8 });
  expect(trained.at(-1)).toMatch(/^Done in [\d.]+ s: best validation Dice 0\.\d{3}, in run\/\.$/);

  const lines = await runScript(example, 'align', { factor: 0.1 });
  const results = lines.flatMap((line) => {
    const match = /^φ = (\S+): Dice (\S+) → (\S+), (\S+) % folded/.exec(line);
    return match === null ? [] : [match.slice(1).map(Number)];
  });
  expect(results.map(([factor]) => factor)).toEqual([0, 0.1, 0.25, 0.5]);
  for (const [, before, after, folded] of results) {
    // As the README tells.
    expect(after).toBeGreaterThan(before! + 0.03);
    expect(folded).toBe(0);
  }

  expect(lines.at(-2)).toMatch(
    /^subject-\d+ onto subject-\d+ at φ = 0\.1: Dice 0\.\d{3} → 0\.\d{3}, 0\.00 % folded$/,
  );

  const svg = await readFile(join(example.folder, 'run/alignment.svg'), 'utf8');
  expect(svg.match(/<image /g)).toHaveLength(3);
  expect(svg.match(/<polyline /g)).toHaveLength(24);
  expect(svg).not.toContain('NaN');
});
