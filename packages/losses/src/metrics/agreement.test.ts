import { ValueError } from '@sshn/core';
import { expect, test } from 'vitest';
import { agreement, mostProbable } from './agreement.js';

test('by hand: Dice of labels with probabilities, and what each label lacks', () => {
  const probabilities = [0.7, 0.2, 0.1, 0.3, 0.6, 0.1, 0.1, 0.8, 0.1, 0.5, 0.25, 0.25];
  const { dice, sums, uncertainty } = agreement([0, 1, 1, 2], probabilities, 3);
  // Label 1: pixels 2, masses 0.2 + 0.6 + 0.8 + 0.25, shared 0.6 + 0.8. Label 2: 1, 0.55, 0.25.
  expect(dice[0]).toBeCloseTo((2 * 1.4) / (2 + 1.85), 12);
  expect(dice[1]).toBeCloseTo((2 * 0.25) / (1 + 0.55), 12);
  expect(sums).toEqual([expect.closeTo(3.85, 12), expect.closeTo(1.55, 12)]);
  for (const [i, wanted] of [0.3, 0.4, 0.2, 0.75].entries()) expect(uncertainty[i]).toBeCloseTo(wanted, 6);
});

test('with probabilities of 0 and 1 it is the Dice of two label maps', () => {
  const oneHot = [0, 1, 1, 0, 2].flatMap((label) => [0, 1, 2].map((l) => Number(l === label)));
  const { dice, uncertainty } = agreement([0, 1, 0, 0, 2], oneHot, 3);
  expect(dice).toEqual([2 / 3, 1]);
  expect([...uncertainty]).toEqual([0, 0, 1, 0, 0]);
});

test('a label that neither has is NaN, one that the labels lack where it is probable is 0', () => {
  expect(agreement([0, 0], [0.6, 0.3, 0.1, 0.6, 0.3, 0.1], 3).dice).toEqual([Number.NaN, Number.NaN]);
  expect(agreement([0, 0, 0], [0.5, 0.5, 0.5, 0.5, 0.5, 0.5], 2).dice).toEqual([0]);
});

test.each<[string, number[], number[], number, string]>([
  ['too few probabilities', [0, 1], [1, 0], 2, 'got 2, expected 2 for each of 2 pixels, 4'],
  ['no label', [3], [1, 0], 2, 'label at index 0: got 3, expected an integer from 0 to 1'],
  ['a fraction', [0.5], [1, 0], 2, 'label at index 0: got 0.5'],
])('%s is refused', (_, labels, probabilities, count, message) => {
  expect(() => agreement(labels, probabilities, count)).toThrow(ValueError);
  expect(() => agreement(labels, probabilities, count)).toThrow(message);
});

test('the most probable label, of equal ones the first', () => {
  expect([...mostProbable([0.2, 0.5, 0.3, 0.4, 0.2, 0.4, 0, 0, 1], 3)]).toEqual([1, 0, 2]);
});
