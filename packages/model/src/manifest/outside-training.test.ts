import { describe, expect, test } from 'vitest';
import { outsideTraining } from './outside-training.js';

const prior = { kind: 'uniform', low: 0, high: 0.5 } as const;
const trained = { prior, knobRanges: { width: [0.25, 1], resolution: [0.5, 1] } } as const;

describe('settings outside of training', () => {
  test.each([
    { factor: 0.5 },
    { factor: [0, 0.2, 0.5] },
    { factor: 0.1, width: 0.25, resolution: 0.5 },
    { factor: 0.25 + 0.25 + 1e-12, width: 1 },
  ])('%j is inside', (at) => expect(outsideTraining(trained, at)).toBeUndefined());

  test.each([
    [{ factor: 0.9 }, 'factors 0 to 0.5'],
    [{ factor: [0.1, 0.6] }, 'factors 0 to 0.5'],
    [{ factor: 0.5, width: 0.1 }, 'widths 0.25 to 1'],
    [{ factor: 0.5, resolution: 0.1 }, 'resolutions 0.5 to 1'],
    [{ factor: 0.6, width: 0.2, resolution: 0.5 }, 'factors 0 to 0.5 and widths 0.25 to 1'],
  ])('%j is outside', (at, had) =>
    expect(outsideTraining(trained, at)).toBe(
      `Outside of training, which had ${had}: expect a worse answer.`,
    ),
  );

  test('one factor, or one for each step', () => {
    const one = { prior: { kind: 'constant', factor: 0.25 } } as const;
    expect(outsideTraining(one, { factor: 0.25 })).toBeUndefined();
    expect(outsideTraining(one, { factor: 0.4 })).toContain('had factor 0.25:');
    const several = { prior: { kind: 'constant', factor: [0.3, 0.4] } } as const;
    expect(outsideTraining(several, { factor: [0.3, 0.4] })).toBeUndefined();
    expect(outsideTraining(several, { factor: [0.4, 0.3] })).toContain('had factors 0.3, 0.4:');
    expect(outsideTraining(several, { factor: 0.3 })).toContain('had factors 0.3, 0.4:');
  });

  test('of a file that says no ranges, factors alone are told', () => {
    expect(outsideTraining({ prior }, { factor: 0.1, width: 0.01 })).toBeUndefined();
  });
});
