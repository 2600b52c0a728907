import { ValueError } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { factorGrid } from './factor-grid.js';

describe('factorGrid', () => {
  test('combines every value with every other, the last factor fastest', () => {
    expect(factorGrid([0, 0.5], 2)).toEqual([
      [0, 0],
      [0, 0.5],
      [0.5, 0],
      [0.5, 0.5],
    ]);
    expect(factorGrid([0.1, 0.2, 0.3], 1)).toEqual([[0.1], [0.2], [0.3]]);
  });

  test('has the 1331 combinations of the paper, each once', () => {
    const values = Array.from({ length: 11 }, (_, i) => i / 10);
    const grid = factorGrid(values, 3);
    expect(new Set(grid.map(String)).size).toBe(1331);
  });

  test('refuses a number of factors that is none', () => {
    expect(() => factorGrid([0, 1], 0)).toThrow(ValueError);
  });
});
