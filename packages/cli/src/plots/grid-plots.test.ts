import { factorGrid } from '@sshn/training';
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { gridPoints } from '../pareto/grid-points.js';
import { result } from '../testing/report.js';
import { gridMap, gridPlot } from './grid-plots.js';

const results = [0.1, 0.3, 0.5].flatMap((a) =>
  [0.1, 0.3, 0.5].map((b) => ({
    ...result({ dice: 0.5 + a - (a - b) ** 2, gflops: 1 + a + b / 2 }),
    factor: [a, b],
  })),
);

describe('gridPlot', () => {
  const { svg } = gridPlot(gridPoints([...results, { ...results[0]!, factor: [0, 0.1], dice: Number.NaN }]));
  const { document } = parseHTML(`<body>${svg}</body>`);

  it('has every defined combination once or, on the front and equal, twice', () => {
    const titles = [...document.querySelectorAll('title')].map((title) => title.textContent ?? '');
    const points = gridPoints(results);
    const both = points.filter(({ isOnFront, isEqual }) => isOnFront && isEqual).length;
    expect(titles).toHaveLength(results.length + both);
    expect(titles.join()).toContain('φ = (0.50, 0.10): Dice 0.8400, 1.550 GFLOPs');
    expect(titles.join()).not.toContain('NaN');
  });

  it('draws the front and the curve of equal factors as lines, and names them', () => {
    expect(document.querySelectorAll('[aria-label="line"] path')).toHaveLength(2);
    const texts = [...document.querySelectorAll('text')].map((text) => text.textContent);
    expect(texts).toEqual(
      expect.arrayContaining([
        'Pareto front of separate factors',
        'equal factors',
        'all others',
        'GFLOPs per image',
      ]),
    );
  });
});

const mapOf = (factors: number, values: readonly number[]) => {
  const results = factorGrid(values, factors).map((factor) => ({
    ...result({ dice: 0.2 + factor.reduce((sum, value, i) => sum + value / (i + 2), 0) / 2 }),
    factor,
  }));
  const { document } = parseHTML(`<body>${gridMap(gridPoints(results)).svg}</body>`);
  const rects = [...document.querySelectorAll('[aria-label="cell"] rect')];
  return {
    colored: rects.filter((rect) => rect.querySelector('title') !== null),
    framed: rects.filter((rect) => rect.querySelector('title') === null),
    texts: [...document.querySelectorAll('text')].map((text) => text.textContent ?? ''),
  };
};

describe('gridMap', () => {
  it('has a cell for every combination, a frame for every equal one, a panel for every first factor', () => {
    const { colored, framed, texts } = mapOf(3, [0, 0.25, 0.5]);
    expect(colored).toHaveLength(27);
    expect(framed).toHaveLength(3);
    expect(texts).toEqual(expect.arrayContaining(['0.00', '0.25', '0.50', 'φ₀', 'φ₁', 'φ₂']));
    expect(texts.join()).toContain('Dice from 0.2000 (dark)');
  });

  it('gives equal Dice equal colors, and other Dice others', () => {
    const { colored } = mapOf(2, [0, 0.2, 0.4]);
    expect(new Set(colored.map((rect) => rect.getAttribute('fill'))).size).toBe(9);
  });

  it.each([1, 4])('draws %i factors', (factors) => {
    expect(mapOf(factors, [0.1, 0.5]).colored).toHaveLength(2 ** factors);
  });
});
