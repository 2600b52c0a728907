import { describe, expect, expectTypeOf, test } from 'vitest';
import { firstNonFinite, requireIntegers, requireOption } from './check.js';
import { OptionError, ValueError } from './errors.js';

describe('requireIntegers', () => {
  test('lets integers from the least on pass', () => {
    requireIntegers('conv', { stride: 1, channels: 64 });
    requireIntegers('split', { seed: 0 }, 0);
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'names the first that is not one: %s',
    (n) => {
      expect(() => requireIntegers('conv', { stride: 1, channels: n })).toThrow(ValueError);
      expect(() => requireIntegers('conv', { stride: 1, channels: n })).toThrow(
        `conv: channels: got ${n}, expected an integer of at least 1.`,
      );
    },
  );

  test('takes the least from the caller', () => {
    expect(() => requireIntegers('crop', { margin: -1 }, 0)).toThrow(
      'crop: margin: got -1, expected an integer of at least 0.',
    );
  });
});

describe('requireOption', () => {
  const losses = ['dice', 'crossEntropy'] as const;

  test('narrows the type of what passes', () => {
    const got: string = 'dice';
    requireOption('loss', got, losses);
    expectTypeOf(got).toEqualTypeOf<'dice' | 'crossEntropy'>();
    expect(got).toBe('dice');
  });

  test('refuses the rest', () => {
    expect(() => requireOption('loss', 'dise', losses)).toThrow(OptionError);
    expect(() => requireOption('loss', 'dise', losses)).toThrow(
      "Option 'loss': got 'dise', expected one of 'dice', 'crossEntropy'. Did you mean 'dice'?",
    );
  });
});

test.each([
  [[], undefined],
  [[1, -2, 0], undefined],
  [[1, Number.NaN, Number.POSITIVE_INFINITY], Number.NaN],
  [[1, 2, Number.NEGATIVE_INFINITY], Number.NEGATIVE_INFINITY],
])('the first number of %j that is not finite', (numbers, found) => {
  expect(firstNonFinite(numbers)).toBe(found);
  expect(firstNonFinite(Float32Array.from(numbers))).toBe(found);
});
