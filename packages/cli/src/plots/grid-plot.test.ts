import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { gridPoints } from '../pareto/grid/grid-points.js';
import { result } from '../testing/results.js';
import { gridPlot } from './grid-plot.js';

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
