import { crossEntropy, softDiceLoss } from '@sshn/losses';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { expectSame, hasWebgpu, noise, withGradients } from './compare.js';

const shapes = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  size: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 3 }),
  count: fc.integer({ min: 2, max: 9 }),
  isSoft: fc.boolean(),
  spread: fc.integer({ min: 1, max: 20 }),
});
type Shape = typeof shapes extends fc.Arbitrary<infer Case> ? Case : never;

/** More pixels than one workgroup and one partial sum take. */
const large: Shape[] = [true, false].map((isSoft) => ({
  batch: 2,
  size: [101, 83],
  count: 3,
  isSoft,
  spread: 5,
}));
const cases = [...fc.sample(shapes, 20), ...large];

const logits = ({ batch, size, count, spread }: Shape): Tensor =>
  noise('logits', [batch, ...size, count], spread);

/** Shares of each label that sum to 1, or the labels themselves. */
function labels({ batch, size, count, isSoft }: Shape): Tensor {
  const pixels = size.reduce((product, n) => product * n, batch);
  const hard = Int32Array.from({ length: pixels }, (_, i) => (i * 13 + (i >> 3)) % count);
  if (!isSoft) return tensor(hard, [batch, ...size], 'int32');
  const shares = Float32Array.from(
    { length: pixels * count },
    (_, i) => (hard[Math.floor(i / count)] === i % count ? 0.7 : 0) + 0.3 / count,
  );
  return tensor(shares, [batch, ...size, count]);
}

describe.skipIf(!hasWebgpu)('losses and their gradients', { timeout: 180_000 }, () => {
  test('cross-entropy', async () => {
    await expectSame(cases, (c) => withGradients((z) => crossEntropy(z!, labels(c)), [logits(c)]), 1e-5);
  });

  test('soft Dice under all settings', async () => {
    const settings = fc.sample(
      fc.record({
        squaredDenominator: fc.boolean(),
        smooth: fc.constantFrom(1e-7, 1),
        includeBackground: fc.boolean(),
        perSample: fc.boolean(),
      }),
      cases.length,
    );
    await expectSame(
      cases.map((c, i) => ({ ...c, options: settings[i]! })),
      (c) => withGradients((z) => softDiceLoss(z!, labels(c), c.options), [logits(c)]),
      1e-4,
    );
  });
});
