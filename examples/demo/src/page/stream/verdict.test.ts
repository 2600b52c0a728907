import { describe, expect, test } from 'vitest';
import { firstRate, type RateState } from './rate-controller.js';
import { verdictOf } from './verdict.js';

const points = [
  { factor: 0, milliseconds: 10 },
  { factor: 0.25, milliseconds: 20 },
  { factor: 0.5, milliseconds: 40 },
];
const state = (changes: Partial<RateState>): RateState => ({ ...firstRate(points, 30), ...changes });

describe('the verdict', () => {
  test.each([
    [state({ place: 0, recent: [90, 90] }), /Even the smallest φ is too slow for 30 frames/],
    [state({ place: 0, recent: [9], last: 'down' }), /went down to 0, to hold 30/],
    [state({ place: 1, recent: [20] }), /φ is 0\.25, the most accurate with which/],
    [state({ place: 1, recent: [20], last: 'up' }), /went up to 0\.25/],
    [state({ place: 2, recent: [20], last: 'up' }), /φ is 0\.5, the most accurate: this device has time/],
  ])('%o', (at, words) => expect(verdictOf(at, points, 30)).toMatch(words));
});
