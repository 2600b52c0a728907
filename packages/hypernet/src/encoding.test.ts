import { conditioned, OptionError, rescaling, ValueError } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { encodeRescaling, encodings } from './encoding.js';

describe('linear', () => {
  test.each([
    [0, [0, 1]],
    [0.25, [0.25, 0.75]],
    [1, [1, 0]],
  ])('φ = %f', (factor, want) => {
    expect(encodeRescaling(rescaling(factor), 1, 'linear')).toEqual(want);
  });
});

describe('circular', () => {
  test.each([
    [0, [1, 0]],
    [1 / 3, [Math.sqrt(3) / 2, 0.5]],
    [0.5, [Math.SQRT1_2, Math.SQRT1_2]],
    [1, [0, 1]],
  ])('φ = %f', (factor, want) => {
    encodeRescaling(rescaling(factor), 1, 'circular').forEach((value, i) => {
      expect(value).toBeCloseTo(want[i]!, 12);
    });
  });

  test('has norm 1 for every factor', () => {
    for (let factor = 0; factor <= 1; factor += 0.05)
      expect(Math.hypot(...encodeRescaling(rescaling(factor), 1, 'circular'))).toBeCloseTo(1, 12);
  });
});

test.each(encodings)('%s: several factors one after the other', (encoding) => {
  const together = encodeRescaling(rescaling([0.2, 0.7, 1]), 3, encoding);
  const apart = [0.2, 0.7, 1].flatMap((factor) => encodeRescaling(rescaling(factor), 1, encoding));
  expect(together).toEqual(apart);
});

test('conditions are encoded like factors, after them', () => {
  const at = conditioned(rescaling(0.25), [0.125]);
  expect(encodeRescaling(at, 2, 'linear')).toEqual([0.25, 0.75, 0.125, 0.875]);
  expect(() => encodeRescaling(at, 1, 'linear')).toThrow('expected one common factor, conditions included.');
  expect(() => conditioned(rescaling(0.25), [1.5])).toThrow('conditioned: got [1.5]');
});

test('another number of factors is refused', () => {
  expect(() => encodeRescaling(rescaling([0.1, 0.2]), 1, 'linear')).toThrow(ValueError);
  expect(() => encodeRescaling(rescaling([0.1, 0.2]), 1, 'linear')).toThrow(
    'hypernetwork: factors: got [0.1,0.2], expected one common factor.',
  );
  expect(() => encodeRescaling(rescaling(0.1), 4, 'linear')).toThrow(
    'hypernetwork: factors: got [0.1], expected 4 factors, one per downsampling step.',
  );
});

test('an unknown encoding is refused', () => {
  expect(() => encodeRescaling(rescaling(0.1), 1, 'lineal' as 'linear')).toThrow(OptionError);
  expect(() => encodeRescaling(rescaling(0.1), 1, 'lineal' as 'linear')).toThrow("Did you mean 'linear'?");
});
