import { readOptions } from '@sshn/core';
import { useBackend, withoutLeak } from '@sshn-internal/testing';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type RegistrationConfig, registrationWords } from '../config/registration.js';
import { registrationObjective } from './registration.js';

beforeAll(() => useBackend('cpu'));

const config = (words: Partial<RegistrationConfig> = {}) =>
  readOptions(registrationWords, { weight: 0.5, ...words }, 'test');
const numberOf = (x: Tensor): number => x.dataSync()[0]!;
/** Moving 0, 1, 2, 3 and fixed 1, 2, 3, 5, side by side. */
const pairs = () => tensor([0, 1, 1, 2, 2, 3, 3, 5], [1, 1, 4, 2]);
/** One to the right, but for the last. */
const flow = () => tensor([0, 1, 0, 1, 0, 1, 0, 0], [1, 1, 4, 2]);

describe('registrationObjective', () => {
  test('by hand: 1, 2, 3, 3 instead of 1, 2, 3, 5, and one jump in 6 differences', () => {
    const [mse, variation] = [1, 1 / 12];
    expect(numberOf(registrationObjective(flow(), pairs(), config()))).toBeCloseTo(mse + 0.5 * variation, 6);
    expect(numberOf(registrationObjective(flow(), pairs(), config({ weight: 0 })))).toBeCloseTo(mse, 6);
    expect(numberOf(registrationObjective(flow(), pairs(), config(), { lambda: 0.25 }))).toBeCloseTo(
      0.75 * mse + 0.25 * variation,
      6,
    );
  });

  test('color images: channels of the moving image first', () => {
    // Moving (0, 10), (1, 11); fixed the same, so that a flow of nothing costs nothing.
    const same = tensor([0, 10, 0, 10, 1, 11, 1, 11], [1, 1, 2, 4]);
    expect(numberOf(registrationObjective(tensor([0, 0, 0, 0], [1, 1, 2, 2]), same, config()))).toBe(0);
  });

  test('the words of the configuration reach the loss', () => {
    const losses = [
      config(),
      config({ similarity: 'globalNcc' }),
      config({ regularizer: 'diffusion', weight: 5 }),
      config({ integrationSteps: 3 }),
    ].map((words) => numberOf(registrationObjective(flow(), pairs(), words)));
    expect(new Set(losses).size).toBe(4);
  });

  test('labels count by their weight', () => {
    const [moving, fixed] = [
      tensor([0, 1, 1, 0], [1, 1, 4], 'int32'),
      tensor([1, 1, 0, 0], [1, 1, 4], 'int32'),
    ];
    const labels = { moving, fixed, count: 2 };
    const still = tensor([0, 0, 0, 0, 0, 0, 0, 0], [1, 1, 4, 2]);
    const without = numberOf(registrationObjective(still, pairs(), config(), { labels }));
    expect(without).toBe(numberOf(registrationObjective(still, pairs(), config())));
    const counted = numberOf(registrationObjective(still, pairs(), config({ diceWeight: 3 }), { labels }));
    expect(counted - without).toBeCloseTo(3 * (1 - 0.5), 5);
  });

  test('keeps nothing alive', async () => {
    const [u, x] = [flow(), pairs()];
    await withoutLeak(() => registrationObjective(u, x, config()).dispose());
  });
});
