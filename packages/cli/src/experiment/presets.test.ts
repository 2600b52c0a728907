import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ValueError } from '@sshn/core';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { paperPalette } from '../plots/draw.js';
import { type Cell, type Plan, readPlan } from './plan.js';
import { presetFile, presetOf, presets } from './presets.js';
import { figuresOf } from './report/figures.js';
import { comparisonsIn, experimentPage } from './report/page.js';
import { doneCells } from './testing/done-cells.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-presets-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function planOf(name: string): Promise<Plan> {
  const path = join(folder, `${name}.yaml`);
  await writeFile(path, presetFile(presetOf(name)));
  return readPlan(path, 'out');
}

const methodFigures = [
  'dice-vs-factor',
  'dice-vs-gflops',
  'learning-by-epochs',
  'learning-by-minutes',
  'training-time',
];

/** What each preset trains, and draws of it. */
const expected: Readonly<Record<string, readonly [cells: number, figures: readonly string[]]>> = {
  'wbc-table1': [36, methodFigures],
  'oasis-table1': [36, methodFigures],
  'pandental-table1': [36, methodFigures],
  'camus-table1': [36, methodFigures],
  'oasis-structures': [6, ['structures', 'dice-vs-factor', 'dice-vs-gflops']],
  'oasis-registration': [36, ['dice-vs-factor', 'dice-vs-gflops', 'training-time']],
  'training-time': [42, ['training-time']],
  'prior-width': [24, ['prior-width']],
  'weight-transfer': [12, ['transfer', 'transfer-matrix-sshn', 'transfer-matrix-fixed']],
  architectures: [15 + 165, ['dice-vs-factor', 'dice-vs-gflops']],
  'separate-factors': [13, ['separate-factors-map', 'separate-factors-front']],
};

describe('presets', () => {
  test('are those of the paper', () => {
    expect(presets.map(({ name }) => name)).toEqual(Object.keys(expected));
    expect(() => presetOf('wbc-table')).toThrow(ValueError);
    expect(() => presetOf('wbc-table')).toThrow(/Did you mean 'wbc-table1'/);
  });

  test.each(presets)(
    '$name is a valid experiment, and its report draws $reproduces',
    async ({ name, summary }) => {
      const plan = await planOf(name);
      const [count, figures] = expected[name]!;
      expect(plan.cells.length).toBe(count);
      expect(plan.description).toContain(summary);
      const done = doneCells(plan);
      const drawn = figuresOf(plan, done, paperPalette);
      expect(drawn.map((figure) => figure.name)).toEqual(figures);
      for (const { drawing } of drawn) expect(drawing.svg).not.toMatch(/NaN|Infinity|undefined/);
      expect(figuresOf(plan, [], paperPalette)).toEqual([]);
    },
  );

  test('every comparison has its interval and p; none is across datasets or panels', async () => {
    const plan = await planOf('architectures');
    const isSome = ({ 'architecture.name': name, factor }: Cell['axes']) =>
      (name === 'unet' || name === 'fpn') && (factor === undefined || Number(factor) < 0.2);
    const all = comparisonsIn(
      plan,
      doneCells({ ...plan, cells: plan.cells.filter(({ axes }) => isSome(axes)) }),
    );
    // Two methods at four factors, for each of two networks.
    expect(all.length).toBe(2 * 4);
    for (const { first, second, interval, p, pairs } of all) {
      expect(first.replace('sshn', 'fixed')).toBe(second);
      expect(interval[0]).toBeLessThanOrEqual(interval[1]);
      expect(p).toBeGreaterThan(0);
      expect(pairs).toBe(3 * 4);
    }
    const wbc = await planOf('oasis-structures');
    const done = doneCells(wbc);
    const elsewhere = done.map((one) => ({
      ...one,
      cell: { ...one.cell, data: one.cell.axes.method as string },
    }));
    expect(comparisonsIn(wbc, done).length).toBeGreaterThan(0);
    expect(comparisonsIn(wbc, elsewhere)).toEqual([]);
  });

  test('the page has the figures, the means, the times and the comparisons', async () => {
    const plan = await planOf('training-time');
    const done = doneCells(plan);
    const cells = done.map(({ cell, found: results }) => ({
      cell,
      state: { kind: 'done' as const, results },
    }));
    const { document } = parseHTML(experimentPage(plan, cells, '1'));
    expect(document.querySelectorAll('figure svg').length).toBe(1);
    const tables = [...document.querySelectorAll('table')].map(({ textContent }) => textContent);
    expect(tables.length).toBe(4);
    // Eleven networks of one minute each, over three seeds alike; SSHN takes 70 seconds.
    expect(tables[1]).toContain('fixed1111.0 ± 0.01.001.00');
    expect(tables[1]).toContain('sshn11.17 ± 0.01.171.17');
    expect(tables[2]).toContain('sshn − fixed');
  });

  test('weights of one factor are compared where both run', async () => {
    const plan = await planOf('weight-transfer');
    const done = doneCells({ ...plan, cells: plan.cells.filter(({ axes }) => (axes.factor ?? 0.5) === 0.5) });
    const names = comparisonsIn(plan, done).map(({ first, second }) => `${first} − ${second}`);
    expect(names).toContain('sshn, weights of φ = 0.5 − fixed, weights of φ = 0.5');
  });
});
