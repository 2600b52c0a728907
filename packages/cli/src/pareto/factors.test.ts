import { ValueError } from '@sshn/core';
import { describe, expect, it } from 'vitest';
import { factorRange, factorValues, telltaleFactors } from './factors.js';

describe('factorRange', () => {
  it('has both ends and no rounding dust', () => {
    const factors = factorRange(0, 0.5, 0.01);
    expect(factors).toHaveLength(51);
    expect(factors[7]).toBe(0.07);
    expect(factors[29]).toBe(0.29);
    expect(factors[50]).toBe(0.5);
  });

  it('ends at the upper bound when the step does not divide the range', () => {
    expect(factorRange(0.1, 0.5, 0.15)).toEqual([0.1, 0.25, 0.4, 0.5]);
    expect(factorRange(0.3, 0.3, 0.01)).toEqual([0.3]);
  });

  it.each([
    [-0.1, 0.5, 0.1],
    [0, 1.5, 0.1],
    [0.5, 0.1, 0.1],
    [0, 0.5, 0],
    [0, 0.5, Number.NaN],
    [Number.NaN, 0.5, 0.1],
  ])('refuses %f to %f by %f', (from, to, by) => {
    expect(() => factorRange(from, to, by)).toThrow(ValueError);
  });
});

describe('factorValues', () => {
  it('has both ends, equal distances and no rounding dust', () => {
    expect(factorValues(0, 1, 11)).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]);
    expect(factorValues(0.1, 0.5, 2)).toEqual([0.1, 0.5]);
  });

  it.each([
    [0.5, 0.5],
    [0.5, 0.1],
    [0, 1.5],
  ])('refuses %f to %f', (from, to) => {
    expect(() => factorValues(from, to, 3)).toThrow(ValueError);
  });
});

describe('telltaleFactors', () => {
  it('are the ends and the middle of the training range, or its one factor', () => {
    expect(telltaleFactors({ kind: 'uniform', low: 0, high: 0.5 })).toEqual([0, 0.25, 0.5]);
    expect(telltaleFactors({ kind: 'uniform', low: 0.2, high: 0.2 })).toEqual([0.2]);
    expect(telltaleFactors({ kind: 'constant', factor: 0.1 })).toEqual([0.1]);
    expect(telltaleFactors({ kind: 'constant', factor: [0.1, 0.2] })).toEqual([[0.1, 0.2]]);
  });
});
