import { ConfigError, Rng } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { drawKnobs, knobsOf, knobsOfEveryStep } from './knobs.js';
import { parseRunConfig } from './run-config.js';

const configOf = (knobs: object) => parseRunConfig({ knobs }, 'test').knobs;

describe('knobs of a run', () => {
  test('without ranges there are none, and nothing is drawn', () => {
    const rng = Rng.fromSeed(1);
    const before = rng.state();
    expect(knobsOf(configOf({}))).toEqual([]);
    expect(drawKnobs(configOf({}), rng)).toEqual({});
    expect(rng.state()).toEqual(before);
  });

  test('draws lie in their ranges, a share of them at the ends, the same for the same seed', () => {
    const config = configOf({ widthRange: [0.25, 1], resolutionRange: [0.5, 1], knobEndpoints: 0.4 });
    expect(knobsOf(config)).toEqual(['width', 'resolution']);
    const draws = (seed: number) => {
      const rng = Rng.fromSeed(seed);
      return Array.from({ length: 2000 }, () => drawKnobs(config, rng));
    };
    const widths = draws(1).map(({ width }) => width!);
    expect(Math.min(...widths)).toBe(0.25);
    expect(Math.max(...widths)).toBe(1);
    const atEnds = widths.filter((width) => width === 0.25 || width === 1).length / widths.length;
    expect(Math.abs(atEnds - 0.4)).toBeLessThan(0.05);
    const mean = widths.reduce((sum, width) => sum + width, 0) / widths.length;
    expect(Math.abs(mean - 0.625)).toBeLessThan(0.03);
    expect(draws(1)).toEqual(draws(1));
    expect(draws(1)).not.toEqual(draws(2));
    for (const { resolution } of draws(3)) expect(resolution! >= 0.5 && resolution! <= 1).toBe(true);
  });

  test('the smallest and the whole network have the ends of each range, and every step trains them where asked for', () => {
    const ranges = { widthRange: [0.25, 1] };
    expect(knobsOfEveryStep(configOf(ranges))).toEqual([]);
    expect(knobsOfEveryStep(configOf({ ...ranges, alsoSmallest: true }))).toEqual([{ width: 0.25 }]);
    expect(knobsOfEveryStep(configOf({ ...ranges, alsoLargest: true }))).toEqual([{ width: 1 }]);
    const both = { ...ranges, resolutionRange: [0.5, 1], alsoSmallest: true, alsoLargest: true };
    expect(knobsOfEveryStep(configOf(both))).toEqual([
      { width: 0.25, resolution: 0.5 },
      { width: 1, resolution: 1 },
    ]);
  });

  test.each([
    [{ alsoSmallest: true }, /knobs\.alsoSmallest.*without widthRange or resolutionRange/],
    [{ alsoLargest: true }, /knobs\.alsoLargest.*without widthRange or resolutionRange/],
    [{ widthRange: [0.25, 1], distillation: 0.5 }, /knobs\.distillation.*needs alsoLargest/],
    [{ widthRange: [0.25, 1], alsoLargest: true, distillation: 0 }, /knobs\.distillation/],
    [{ widthRange: [0.5, 0.25] }, /knobs\.widthRange.*the first is above the second/],
    [{ widthRange: [0.25, 0.5] }, /knobs\.widthRange.*ends below 1, the whole network/],
    [{ resolutionRange: [0, 1] }, /knobs\.resolutionRange/],
    [{ widthRange: [0.5] }, /knobs\.widthRange/],
    [{ knobEndpoints: 2 }, /knobs\.knobEndpoints/],
    [{ resolutionRange: [0.25, 0.5] }, /inputResolution makes all of it smaller/],
  ])('%j is refused', (knobs, message) => {
    expect(() => configOf(knobs)).toThrow(ConfigError);
    expect(() => configOf(knobs)).toThrow(message);
  });

  test('registration is refused distillation: it has no probabilities to teach', () => {
    const knobs = { widthRange: [0.25, 1], alsoLargest: true, distillation: 0.5 };
    expect(() => parseRunConfig({ task: 'registration', knobs }, 'test')).toThrow(
      /distillation.*segmentation/,
    );
  });
});
