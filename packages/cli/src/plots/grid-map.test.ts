import { factorGrid } from '@sshn/training';
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { gridPoints } from '../pareto/grid/grid-points.js';
import { result } from '../testing/results.js';
import { gridMap } from './grid-map.js';

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
