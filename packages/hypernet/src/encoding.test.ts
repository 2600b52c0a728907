import { setting, ValueError } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { encodeSetting, encodings } from './encoding.js';

const one = { factors: 1, conditions: 0 };

describe('linear', () => {
  test.each([
    [0, [0, 1]],
    [0.25, [0.25, 0.75]],
    [1, [1, 0]],
  ])('φ = %f', (factor, want) => {
    expect(encodeSetting(setting(factor), one, 'linear')).toEqual(want);
  });
});

describe('circular', () => {
  test.each([
    [0, [1, 0]],
    [1 / 3, [Math.sqrt(3) / 2, 0.5]],
    [0.5, [Math.SQRT1_2, Math.SQRT1_2]],
    [1, [0, 1]],
  ])('φ = %f', (factor, want) => {
    encodeSetting(setting(factor), one, 'circular').forEach((value, i) => {
      expect(value).toBeCloseTo(want[i]!, 12);
    });
  });

  test('has norm 1 for every factor', () => {
    for (let factor = 0; factor <= 1; factor += 0.05)
      expect(Math.hypot(...encodeSetting(setting(factor), one, 'circular'))).toBeCloseTo(1, 12);
  });
});

test.each(encodings)('%s: several factors one after the other', (encoding) => {
  const together = encodeSetting(setting([0.2, 0.7, 1]), { factors: 3, conditions: 0 }, encoding);
  const apart = [0.2, 0.7, 1].flatMap((factor) => encodeSetting(setting(factor), one, encoding));
  expect(together).toEqual(apart);
});

test('conditions are encoded like factors, after them, and never in their place', () => {
  const at = setting({ factor: 0.25, conditions: [0.125] });
  expect(encodeSetting(at, { factors: 1, conditions: 1 }, 'linear')).toEqual([0.25, 0.75, 0.125, 0.875]);
  expect(() => encodeSetting(at, one, 'linear')).toThrow(
    'hypernetwork: conditions: got [0.125], expected none.',
  );
  // As many numbers as it takes, but another kind.
  expect(() => encodeSetting(setting([0.25, 0.125]), { factors: 1, conditions: 1 }, 'linear')).toThrow(
    'hypernetwork: factors: got [0.25,0.125], expected one common factor.',
  );
  expect(() => encodeSetting(at, { factors: 2, conditions: 0 }, 'linear')).toThrow('expected 2 factors');
  expect(() => encodeSetting(setting(0.25), { factors: 1, conditions: 1 }, 'linear')).toThrow(
    'hypernetwork: conditions: got [], expected 1. Give as many as it was made for',
  );
});

test('another number of factors is refused', () => {
  expect(() => encodeSetting(setting([0.1, 0.2]), one, 'linear')).toThrow(ValueError);
  expect(() => encodeSetting(setting([0.1, 0.2]), one, 'linear')).toThrow(
    'hypernetwork: factors: got [0.1,0.2], expected one common factor.',
  );
  expect(() => encodeSetting(setting(0.1), { factors: 4, conditions: 0 }, 'linear')).toThrow(
    'hypernetwork: factors: got [0.1], expected 4 factors, one per downsampling step.',
  );
});
