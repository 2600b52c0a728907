import { ShapeError, ValueError } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, gradientError, useBackend, withoutLeak } from '@sshn-internal/testing';
import { add, fill, grads, mul, type Tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { meanOf, moments, positions, windowAround } from '../testing/double-precision.js';
import { channelOf, randomPair } from '../testing/random-images.js';
import { type LocalNccOptions, localNccLoss } from './local-ncc.js';

const read = (scalar: Tensor) => scalar.dataSync()[0]!;

function expectedLoss(moved: Tensor, fixed: Tensor, options: LocalNccOptions): number {
  const { window = 9, squared = true, epsilon = 1e-5 } = options;
  const size = moved.shape.slice(1, -1);
  const values: number[] = [];
  for (let sample = 0; sample < moved.shape[0]!; sample++) {
    for (let channel = 0; channel < moved.shape.at(-1)!; channel++) {
      const [a, b] = [moved, fixed].map((x) => channelOf(x, sample, channel)) as [number[], number[]];
      for (const center of positions(size)) {
        const inside = windowAround(size, center, window);
        const { ab, aa, bb } = moments(
          inside.map((i) => a[i]!),
          inside.map((i) => b[i]!),
        );
        values.push(squared ? ab ** 2 / (aa * bb + epsilon) : ab / Math.sqrt(aa * bb + epsilon));
      }
    }
  }
  return 1 - meanOf(values);
}

const variants: LocalNccOptions[] = [
  {},
  { window: 3, epsilon: 0.01 },
  { squared: false, window: 5 },
  { epsilon: 0.1, window: 5 },
];

describe.each(backends)('local NCC on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  describe.each(variants)('%o', (options) => {
    test.each([
      { shape: [1, 1, 1, 1] },
      { shape: [2, 7, 9, 2] },
      { shape: [1, 13, 6, 1] },
      { shape: [1, 5, 6, 7, 1] },
    ])('$shape: as in float64', ({ shape }) => {
      const [moved, fixed] = randomPair(shape);
      expect(read(localNccLoss(moved, fixed, options))).toBeCloseTo(expectedLoss(moved, fixed, options), 4);
    });

    test('gradients to both images as finite differences', () => {
      const pair = randomPair([1, 4, 5, 2], 3);
      expect(gradientError((a, b) => localNccLoss(a!, b!, options), pair)).toBeLessThan(1e-2);
    });
  });

  test('gradients as finite differences in 3D', () => {
    const pair = randomPair([1, 3, 4, 3, 1], 5);
    expect(gradientError((a, b) => localNccLoss(a!, b!, { window: 3, epsilon: 0.01 }), pair)).toBeLessThan(
      1e-2,
    );
  });

  test('does not see brightness and contrast; squared, not even inverted', () => {
    const [image] = randomPair([1, 12, 12, 1]);
    const inverted = add(mul(image, -2), 5);
    expect(read(localNccLoss(add(mul(image, 3), 2), image))).toBeCloseTo(0, 3);
    expect(read(localNccLoss(inverted, image))).toBeCloseTo(0, 3);
    expect(read(localNccLoss(inverted, image, { squared: false }))).toBeCloseTo(2, 3);
  });

  test('flat images are uncorrelated, with finite gradients', () => {
    const flat = fill([1, 6, 6, 1], 0.7);
    const [image] = randomPair([1, 6, 6, 1]);
    expect(read(localNccLoss(flat, image))).toBeCloseTo(1, 5);
    const gradients = grads((a, b) => localNccLoss(a, b))([flat, image]);
    for (const gradient of gradients) expect(gradient.dataSync().every(Number.isFinite)).toBe(true);
  });

  test('a bright offset costs no digits', () => {
    const [moved, fixed] = randomPair([1, 10, 10, 1]);
    const plain = read(localNccLoss(moved, fixed));
    expect(read(localNccLoss(add(moved, 100), add(fixed, 100)))).toBeCloseTo(plain, 3);
  });

  test('keeps nothing alive, with and without gradients', async () => {
    const [moved, fixed] = randomPair([1, 6, 6, 1]);
    await withoutLeak(() => localNccLoss(moved, fixed).dispose());
    await withoutLeak(() => {
      for (const gradient of grads((a, b) => localNccLoss(a, b))([moved, fixed])) gradient.dispose();
    });
  });
});

describe('local NCC refuses', () => {
  beforeAll(() => useBackend('cpu'));

  test('images of two shapes', () => {
    expect(() => localNccLoss(zeros([1, 4, 4, 1]), zeros([1, 4, 5, 1]))).toThrow(ShapeError);
    expect(() => localNccLoss(zeros([4, 4]), zeros([4, 4]))).toThrow(ShapeError);
  });

  test.each([0, 2, 2.5, -3])('a window of %d', (window) => {
    const image = zeros([1, 4, 4, 1]);
    expect(() => localNccLoss(image, image, { window })).toThrow(ValueError);
  });

  test.each([0, -1, Number.NaN])('epsilon = %d', (epsilon) => {
    const image = zeros([1, 4, 4, 1]);
    expect(() => localNccLoss(image, image, { epsilon })).toThrow(ValueError);
  });
});
