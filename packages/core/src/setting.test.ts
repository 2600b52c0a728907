import { goldenCases } from '@sshn-internal/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ValueError } from './errors.js';
import { Rng } from './rng.js';
import { factorAt, rescaledSize, setting } from './setting.js';

test('the generator of a training step is there where it was given, and else absent', () => {
  const rng = Rng.fromSeed(1);
  expect(setting([0.25, 0.5])).not.toHaveProperty('rng');
  expect(setting({ factors: [0.25, 0.5], rng: undefined })).not.toHaveProperty('rng');
  expect(setting({ factors: [0.25, 0.5], rng })).toEqual({
    factors: [0.25, 0.5],
    width: 1,
    resolution: 1,
    conditions: [],
    rng,
  });
});

test('conditions are numbers in [0, 1], in a list of its own', () => {
  const conditions = [0, 0.3];
  const at = setting({ factor: 0.25, conditions });
  conditions[0] = 1;
  expect(at).toEqual({ factors: [0.25], width: 1, resolution: 1, conditions: [0, 0.3] });
  for (const wrong of [[-0.1], [0.5, 1.5], [Number.NaN]])
    expect(() => setting({ factor: 0.25, conditions: wrong })).toThrow('setting: conditions: got [');
});

describe('setting', () => {
  test('one factor, or one per step', () => {
    expect(setting(0.25)).toEqual({ factors: [0.25], width: 1, resolution: 1, conditions: [] });
    expect(setting([0, 0.5, 1])).toEqual({ factors: [0, 0.5, 1], width: 1, resolution: 1, conditions: [] });
  });

  test('keeps a list of its own', () => {
    const factors = [0.3, 0.4];
    const at = setting(factors);
    factors[0] = 0.9;
    expect(at.factors).toEqual([0.3, 0.4]);
  });

  test.each([
    [-0.1, '-0.1'],
    [1.1, '1.1'],
    [Number.NaN, 'NaN'],
    [[], '[]'],
    [[0.2, 2], '[0.2,2]'],
    [[0.2, Number.NaN], '[0.2,NaN]'],
  ])('refuses %s', (factor, shown) => {
    expect(() => setting(factor)).toThrow(ValueError);
    expect(() => setting(factor)).toThrow(
      `setting: got ${shown}, expected a factor in [0, 1], or a list of them.`,
    );
  });
});

describe('the knobs of cost', () => {
  test('are 1 where nothing is said, and else what was given', () => {
    const at = setting({ factor: 0.25, width: 0.5, resolution: 0.75 });
    expect(at).toEqual({ factors: [0.25], width: 0.5, resolution: 0.75, conditions: [] });
  });

  test('a setting with something changed is a setting', () => {
    const at = setting({ factor: [0.25, 0.5], conditions: [0.3], rng: Rng.fromSeed(1) });
    expect(setting(at)).toEqual(at);
    expect(setting({ ...at, width: 0.5 })).toEqual({ ...at, width: 0.5 });
  });

  test.each([0, -0.5, 1.5, Number.NaN])('neither width nor resolution may be %s', (share) => {
    const said = `got ${share}, expected a number in (0, 1].`;
    expect(() => setting({ factor: 0.5, width: share })).toThrow(`setting: width: ${said}`);
    expect(() => setting({ factor: 0.5, resolution: share })).toThrow(`setting: resolution: ${said}`);
  });

  test('there is one factor, not none and not two', () => {
    for (const wrong of [{ width: 0.5 }, { factor: 0.5, factors: [0.5] }])
      expect(() => setting(wrong)).toThrow('expected a factor in [0, 1]');
  });
});

describe('factorAt', () => {
  test('a common factor holds for every step, a list for as many as it is long', () => {
    expect([0, 1, 7].map((step) => factorAt(setting(0.3), step))).toEqual([0.3, 0.3, 0.3]);
    expect([0, 1].map((step) => factorAt(setting([0.3, 0.4]), step))).toEqual([0.3, 0.4]);
    expect(() => factorAt(setting([0.3, 0.4]), 2)).toThrow(
      'setting: step 2: got [0.3,0.4], expected one factor, or at least 3 (one per downsampling step).',
    );
  });
});

describe('rescaledSize', () => {
  test.each([
    { size: [128, 128], factor: 0.5, expected: [64, 64] },
    { size: [5, 7], factor: 0.5, expected: [3, 4] },
    { size: [3], factor: 0.5, expected: [2] },
    { size: [1], factor: 0.5, expected: [1] },
    { size: [10, 1], factor: 0, expected: [1, 1] },
    { size: [9, 4], factor: 1, expected: [9, 4] },
    { size: [9], factor: 0.05, expected: [1] },
  ])('$size times $factor is $expected', ({ size, factor, expected }) => {
    expect(rescaledSize(size, factor)).toEqual(expected);
  });

  test('lies between 1 and the size, within half a pixel, and grows with the factor', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    const property = fc.property(fc.integer({ min: 1, max: 2000 }), unit, unit, (size, a, b) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      const [small, large] = [rescaledSize([size], low)[0]!, rescaledSize([size], high)[0]!];
      expect(small).toBeGreaterThanOrEqual(1);
      expect(large).toBeLessThanOrEqual(size);
      expect(small).toBeLessThanOrEqual(large);
      expect(Math.abs(large - Math.max(1, high * size))).toBeLessThanOrEqual(0.5);
    });
    fc.assert(property);
  });
});

const golden = goldenCases<{ size: number; phi: number; sizes: number[] }>('sizes.json');

test.skipIf(golden === undefined)('sizes of five stages are those of an independent implementation', () => {
  expect(golden!.length).toBeGreaterThan(100);
  for (const { size, phi, sizes } of golden!) {
    const ours = [size];
    while (ours.length < sizes.length) ours.push(rescaledSize([ours.at(-1)!], phi)[0]!);
    expect(ours, `${size} at ${phi}`).toEqual(sizes);
  }
});
