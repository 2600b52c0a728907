import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const example = (file: string) =>
  fileURLToPath(new URL(`../../examples/train-in-node/${file}`, import.meta.url));

test('trains and prints the curve', async () => {
  const settings = { images: 12, size: 24, features: 4, epochs: 4 };
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--import', import.meta.resolve('tsx'), '--conditions=@sshn/source', example('train.ts')],
    ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]),
  ]);
  const lines = stdout.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^Training on \d+ threads?\.$/);
  expect(
    lines.filter((line) => /^epoch \d\/4 {2}loss \d\.\d{3} {2}validation Dice \d/.test(line)),
  ).toHaveLength(4);

  const curve = lines.slice(-6).map((line) => line.trim().split(/\s+/).map(Number));
  expect(curve.map(([factor]) => factor)).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5]);
  for (const [, dice, gflops, milliseconds] of curve) {
    expect(dice).toBeGreaterThanOrEqual(0);
    expect(dice).toBeLessThanOrEqual(1);
    expect(milliseconds).toBeGreaterThan(0);
    expect(gflops).toBeGreaterThan(0);
  }
  const costs = curve.map(([, , gflops]) => gflops!);
  expect(costs).toEqual([...costs].sort((a, b) => a - b));
});

test('can be copied: it names versions, and imports what it names', () => {
  const { dependencies } = JSON.parse(readFileSync(example('package.json'), 'utf8'));
  for (const [name, range] of Object.entries(dependencies)) expect(range, name).toMatch(/^\^\d/);
  const imported = [...readFileSync(example('train.ts'), 'utf8').matchAll(/from '((?!node:)[^']+)'/g)];
  for (const [, name] of imported) expect(Object.keys(dependencies)).toContain(name);
});
