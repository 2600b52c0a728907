import { ValueError } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, gradientError, useBackend, withoutLeak } from '@sshn-internal/testing';
import { abs, concat, grads, max, mul, sub, type Tensor, tile, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { randomPair } from '../testing/random-images.js';
import { type MutualInformationOptions, mutualInformationLoss } from './mutual-information.js';

const read = (scalar: Tensor) => scalar.dataSync()[0]!;

/** Of one sample, in float64. */
function expectedLoss(moved: Tensor, fixed: Tensor, options: MutualInformationOptions): number {
  const { bins = 23, sigmaRatio = 0.5, range = [0, 1] } = options;
  const width = (range[1] - range[0]) / (bins - 1);
  const shares = (value: number) => {
    const weights = Array.from({ length: bins }, (_, i) =>
      Math.exp(-((value - range[0] - i * width) ** 2) / (2 * (sigmaRatio * width) ** 2)),
    );
    const total = weights.reduce((a, b) => a + b);
    return weights.map((weight) => weight / total);
  };
  const [a, b] = [moved, fixed].map((x) => [...x.dataSync()].map(shares)) as [number[][], number[][]];
  const p = Array.from({ length: bins }, (_, i) =>
    Array.from(
      { length: bins },
      (_, j) => a.reduce((sum, row, n) => sum + row[i]! * b[n]![j]!, 0) / a.length,
    ),
  );
  const pA = p.map((row) => row.reduce((x, y) => x + y));
  const pB = p[0]!.map((_, j) => p.reduce((sum, row) => sum + row[j]!, 0));
  let information = 0;
  p.forEach((row, i) => {
    row.forEach((value, j) => {
      information += value * (Math.log(value + 1e-7) - Math.log(pA[i]! + 1e-7) - Math.log(pB[j]! + 1e-7));
    });
  });
  return -information;
}

describe.each(backends)('mutual information on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test.each<MutualInformationOptions>([{}, { bins: 8, sigmaRatio: 1 }, { bins: 5, range: [-1, 2] }])(
    '%o: as in float64',
    (options) => {
      const [moved, fixed] = randomPair([1, 9, 7, 1]);
      expect(read(mutualInformationLoss(moved, fixed, options))).toBeCloseTo(
        expectedLoss(moved, fixed, options),
        4,
      );
    },
  );

  test('of a batch is the mean of its samples', () => {
    const [a, b] = randomPair([1, 6, 6, 1], 1);
    const [c, d] = randomPair([1, 6, 6, 1], 2);
    const both = read(mutualInformationLoss(concat([a, c]), concat([b, d])));
    expect(both).toBeCloseTo((read(mutualInformationLoss(a, b)) + read(mutualInformationLoss(c, d))) / 2, 5);
  });

  test('gradients to both images as finite differences', () => {
    const pair = randomPair([2, 3, 4, 1], 3);
    const options = { bins: 6, sigmaRatio: 1 };
    expect(gradientError((a, b) => mutualInformationLoss(a!, b!, options), pair)).toBeLessThan(2e-2);
  });

  test('an image tells most about itself, and as much about its negative', () => {
    const [image, other] = randomPair([1, 12, 12, 1]);
    const self = read(mutualInformationLoss(image, image));
    expect(self).toBeLessThan(read(mutualInformationLoss(other, image)) - 0.3);
    expect(read(mutualInformationLoss(sub(1, image), image))).toBeCloseTo(self, 4);
  });

  // Pieces are the same on every backend, and tfjs' plain one takes a minute for them.
  test.skipIf(backend === 'cpu')('more voxels than one piece holds: as one of the copies', () => {
    const [moved, fixed] = randomPair([1, 64, 64, 1]);
    const copies = (x: Tensor) => tile(x, [1, 17, 1, 1]);
    const [large, small] = [
      mutualInformationLoss(copies(moved), copies(fixed)),
      mutualInformationLoss(moved, fixed),
    ];
    expect(read(large)).toBeCloseTo(read(small), 3);
    const [ofLarge] = grads((a, b) => mutualInformationLoss(a, b))([copies(moved), copies(fixed)]);
    const [ofSmall] = grads((a, b) => mutualInformationLoss(a, b))([moved, fixed]);
    const difference = max(abs(sub(mul(ofLarge!, 17), copies(ofSmall!))));
    expect(read(difference)).toBeLessThan(1e-6);
  });

  test('keeps nothing alive', async () => {
    const [moved, fixed] = randomPair([2, 6, 6, 1]);
    await withoutLeak(() => mutualInformationLoss(moved, fixed).dispose());
    await withoutLeak(() => {
      for (const gradient of grads((a, b) => mutualInformationLoss(a, b))([moved, fixed])) gradient.dispose();
    });
  });
});

describe('mutual information refuses', () => {
  beforeAll(() => useBackend('cpu'));

  test.each<MutualInformationOptions>([
    { bins: 1 },
    { bins: 2.5 },
    { sigmaRatio: 0 },
    { sigmaRatio: Number.NaN },
    { range: [1, 1] },
    { range: [0, Number.POSITIVE_INFINITY] },
    { range: [Number.NEGATIVE_INFINITY, 1] },
  ])('%o', (options) => {
    const image = zeros([1, 4, 4, 1]);
    expect(() => mutualInformationLoss(image, image, options)).toThrow(ValueError);
  });
});
