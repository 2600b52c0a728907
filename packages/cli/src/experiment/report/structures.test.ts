import { parseRunConfig } from '@sshn/training';
import { expect, test } from 'vitest';
import { paperPalette } from '../../plots/draw.js';
import type { DoneCell } from '../statistics.js';
import { structuresPlot } from './structures.js';

const done = (labelSizes: Record<string, number>, diceByLabel: Record<string, number>): DoneCell => ({
  cell: {
    name: 'sshn1',
    folder: 'x',
    data: 'phantoms',
    config: {},
    full: parseRunConfig({ method: 'sshn' }, 'test'),
    axes: { method: 'sshn', seed: 1 },
    evaluations: [],
    hash: 'abc',
    formerHash: 'former',
  },
  found: {
    hash: 'abc',
    version: '1',
    finished: '',
    seconds: 3,
    trainingSeconds: 2.5,
    labelSizes,
    results: [{ factor: 0.25, dice: 0.5, gflops: 1, milliseconds: 1, diceByLabel, diceByImage: [0.5] }],
  },
});

test('a structure that no image has is left out; left and right are one', () => {
  const sizes = { 'left nail': 4, 'right nail': 6, skin: 300, ghost: 0 };
  const dice = { 'left nail': 0.4, 'right nail': 0.6, skin: 0.9, ghost: Number.NaN };
  const { svg } = structuresPlot([done(sizes, dice)], 'test', paperPalette)!;
  expect(svg).toContain('nail (10)');
  expect(svg).toContain('Dice 0.5000');
  expect(svg).toContain('skin (300)');
  expect(svg).not.toContain('ghost');
});

test('there is room for long names, and nothing without sizes or Dice', () => {
  /** Where the bars stand. */
  const groundOf = (name: string) => {
    const { svg } = structuresPlot(
      [done({ [name]: 5, b: 6 }, { [name]: 0.5, b: 0.5 })],
      'test',
      paperPalette,
    )!;
    return Math.max(...[...svg.matchAll(/y2="([\d.]+)"/g)].map(([, y]) => Number(y)));
  };
  expect(groundOf('the left lateral ventricle of the brain')).toBeLessThan(groundOf('a'));
  expect(structuresPlot([done({}, {})], 'test', paperPalette)).toBeUndefined();
  expect(structuresPlot([done({ a: 5 }, { a: Number.NaN })], 'test', paperPalette)).toBeUndefined();
});
