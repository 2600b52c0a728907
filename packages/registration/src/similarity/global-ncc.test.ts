import { registerGradients } from '@sshn/ops';
import { backends, gradientError, useBackend, withoutLeak } from '@sshn-internal/testing';
import { add, fill, grad, mul, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { meanOf, moments } from '../testing/double-precision.js';
import { channelOf, randomPair } from '../testing/random-images.js';
import { globalNccLoss } from './global-ncc.js';

const read = (scalar: Tensor) => scalar.dataSync()[0]!;

describe.each(backends)('global NCC on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test.each([{ shape: [2, 5, 7, 3] }, { shape: [1, 4, 3, 5, 1] }])('$shape: as in float64', ({ shape }) => {
    const [moved, fixed] = randomPair(shape);
    const each: { signed: number; squared: number }[] = [];
    for (let sample = 0; sample < shape[0]!; sample++) {
      for (let channel = 0; channel < shape.at(-1)!; channel++) {
        const { ab, aa, bb } = moments(channelOf(moved, sample, channel), channelOf(fixed, sample, channel));
        each.push({ signed: ab / Math.sqrt(aa * bb), squared: ab ** 2 / (aa * bb) });
      }
    }
    expect(read(globalNccLoss(moved, fixed))).toBeCloseTo(1 - meanOf(each.map((e) => e.squared)), 4);
    const signed = globalNccLoss(moved, fixed, { squared: false });
    expect(read(signed)).toBeCloseTo(1 - meanOf(each.map((e) => e.signed)), 4);
  });

  test('does not see brightness and contrast; squared, not even inverted', () => {
    const [image] = randomPair([1, 8, 8, 1]);
    const inverted = add(mul(image, -1), 1);
    expect(read(globalNccLoss(add(mul(image, 3), 2), image))).toBeCloseTo(0, 4);
    expect(read(globalNccLoss(inverted, image))).toBeCloseTo(0, 4);
    expect(read(globalNccLoss(inverted, image, { squared: false }))).toBeCloseTo(2, 4);
  });

  test.each([true, false])('gradients as finite differences, squared: %s', (squared) => {
    const pair = randomPair([2, 3, 4, 1], 7);
    expect(gradientError((a, b) => globalNccLoss(a!, b!, { squared }), pair)).toBeLessThan(1e-2);
  });

  test('flat images are uncorrelated, with finite gradients', () => {
    const flat = fill([1, 4, 4, 1], 0.5);
    expect(read(globalNccLoss(flat, flat))).toBeCloseTo(1, 6);
    expect(
      grad((x) => globalNccLoss(x, flat))(flat)
        .dataSync()
        .every(Number.isFinite),
    ).toBe(true);
  });

  test('keeps nothing alive', async () => {
    const [moved, fixed] = randomPair([1, 6, 6, 1]);
    await withoutLeak(() => grad((x) => globalNccLoss(x, fixed))(moved).dispose());
  });
});
