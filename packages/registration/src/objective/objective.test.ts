import { ValueError } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, useBackend, withoutLeak } from '@sshn-internal/testing';
import { neg, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { randomField, randomPair } from '../testing/random-images.js';
import {
  type RegistrationObjective,
  registrationLoss,
  regularizerNames,
  similarityLoss,
  similarityNames,
} from './objective.js';

const numberOf = (x: Tensor): number => x.dataSync()[0]!;

describe.each(backends)('registrationLoss on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  const plain: RegistrationObjective = {
    similarity: 'mse',
    regularizer: 'totalVariation',
    weight: 0.5,
    integrationSteps: 0,
  };
  const moving = () => tensor([0, 1, 2, 3], [1, 1, 4, 1]);
  const fixed = () => tensor([1, 2, 3, 5], [1, 1, 4, 1]);
  /** Along the width 1, 1, 1, 0. */
  const flow = () => tensor([0, 1, 0, 1, 0, 1, 0, 0], [1, 1, 4, 2]);

  test('by hand: warped is 1, 2, 3, 3; its one jump is 1 of 6 differences, over two axes', () => {
    const [mse, variation] = [4 / 4, 1 / 6 / 2];
    expect(numberOf(registrationLoss(flow(), moving(), fixed(), plain))).toBeCloseTo(
      mse + 0.5 * variation,
      6,
    );
    const told = { ...plain, lambda: 0.2 };
    expect(numberOf(registrationLoss(flow(), moving(), fixed(), told))).toBeCloseTo(
      0.8 * mse + 0.2 * variation,
      6,
    );
    for (const [lambda, all] of [
      [0, mse],
      [1, variation],
    ] as const)
      expect(numberOf(registrationLoss(flow(), moving(), fixed(), { ...plain, lambda }))).toBeCloseTo(all, 6);
  });

  test('a velocity is integrated before it warps, and regularized as it is', () => {
    const [a, b] = randomPair([1, 8, 8, 1]);
    const velocity = randomField(1, [8, 8]);
    const only = (changes: Partial<RegistrationObjective>) =>
      numberOf(registrationLoss(velocity, a, b, { ...plain, ...changes }));
    expect(only({ integrationSteps: 4, lambda: 0 })).not.toBeCloseTo(only({ lambda: 0 }), 4);
    expect(only({ integrationSteps: 4, lambda: 1 })).toBe(only({ lambda: 1 }));
  });

  test('both ways: the mean of the similarities by a field and by its inverse', () => {
    const [a, b] = [randomPair([1, 9, 8, 1], 5)].flat() as [Tensor, Tensor];
    const velocity = randomField(1, [9, 8]);
    const only = { ...plain, integrationSteps: 4, lambda: 0 };
    const back = numberOf(registrationLoss(neg(velocity), b, a, only));
    const there = numberOf(registrationLoss(velocity, a, b, only));
    const both = numberOf(registrationLoss(velocity, a, b, { ...only, bidirectional: true }));
    expect(Math.abs(there - back)).toBeGreaterThan(1e-3);
    expect(both).toBeCloseTo((there + back) / 2, 5);
    // The same whichever image is called the moving one.
    expect(numberOf(registrationLoss(neg(velocity), b, a, { ...only, bidirectional: true }))).toBeCloseTo(
      both,
      5,
    );
    expect(() => registrationLoss(velocity, a, b, { ...plain, bidirectional: true })).toThrow(ValueError);
  });

  test('folds of the displacement are counted by their weight', () => {
    const folding = tensor([0, 0, 0, -2, 0, -4, 0, -6], [1, 1, 4, 2]);
    const without = numberOf(registrationLoss(folding, moving(), fixed(), plain));
    const counted = numberOf(registrationLoss(folding, moving(), fixed(), { ...plain, foldingWeight: 10 }));
    expect(counted - without).toBeCloseTo(10, 4);
    expect(() => registrationLoss(flow(), moving(), fixed(), { ...plain, foldingWeight: -1 })).toThrow(
      ValueError,
    );
  });

  test('every name is another measure, and the window of local NCC counts', () => {
    const [a, b] = randomPair([1, 8, 8, 1]);
    const losses = similarityNames.map((similarity) => numberOf(similarityLoss(a, b, { similarity })));
    expect(new Set(losses).size).toBe(similarityNames.length);
    const ncc = (window: number) => numberOf(similarityLoss(a, b, { similarity: 'localNcc', window }));
    expect(ncc(3)).not.toBe(ncc(5));
    expect(ncc(9)).toBe(losses[similarityNames.indexOf('localNcc')]);
    const velocity = randomField(1, [8, 8]);
    const penalties = regularizerNames.map((regularizer) =>
      numberOf(registrationLoss(velocity, a, b, { ...plain, regularizer, lambda: 1 })),
    );
    expect(new Set(penalties).size).toBe(regularizerNames.length);
  });

  test('keeps nothing alive', async () => {
    const [a, b] = randomPair([1, 8, 8, 1]);
    const half = randomField(1, [4, 4]);
    await withoutLeak(() => registrationLoss(half, a, b, { ...plain, integrationSteps: 2 }).dispose());
  });
});
