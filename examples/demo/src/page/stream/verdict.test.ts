import { describe, expect, test } from 'vitest';
import { firstRate, type RateState } from './rate-controller.js';
import { verdictOf } from './verdict.js';

const points = [
  { at: { factor: 0 }, milliseconds: 10, dice: undefined },
  { at: { factor: 0.25 }, milliseconds: 20, dice: undefined },
  { at: { factor: 0.5 }, milliseconds: 40, dice: undefined },
];
const state = (changes: Partial<RateState>): RateState => ({ ...firstRate(points, 30), ...changes });

describe('the verdict', () => {
  test.each([
    [state({ place: 0, recent: [90, 90] }), /Even the smallest φ is too slow for 30 frames/],
    [state({ place: 0, recent: [9], last: 'down' }), /went down to 0, to hold 30/],
    [state({ place: 1, recent: [20] }), /φ is 0\.25, the most accurate with which/],
    [state({ place: 1, recent: [20], last: 'up' }), /went up to 0\.25/],
    [state({ place: 2, recent: [20], last: 'up' }), /φ is 0\.5, the most accurate: this device has time/],
  ])('%o', (at, words) =>
    expect(verdictOf(at, points, { wanted: 30, filmed: 30, shown: 29 })).toMatch(words),
  );

  test.each([
    // Every frame in time, and few of them: 8.7 of 20 was once called time left.
    [
      { wanted: 20, filmed: 8.7, shown: 8.7 },
      /^20 frames per second are not reached: this device films fewer/,
    ],
    [
      { wanted: 20, filmed: 20, shown: 8.7 },
      /^20 frames per second are not reached at φ 0\.5: frames are left out/,
    ],
    [{ wanted: 20, filmed: 19, shown: 18.5 }, /^φ went up to 0\.5|this device has time for it at 20/],
  ])('never speaks of time left where a rate is not held: %o', (rates, words) => {
    const verdict = verdictOf(state({ place: 2, recent: [20], last: 'up' }), points, rates);
    expect(verdict).toMatch(words);
    if (rates.shown < 10) expect(verdict).not.toMatch(/time left|has time/);
  });
});
