import { registerGradients } from '@sshn/ops';
import { backends, useBackend } from '@sshn-internal/testing';
import { grads, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  blobs,
  globalNcc,
  gradientDifference,
  type Images,
  localNcc,
  mutualInformation,
  pairsInAnyUnit,
  type Similarity,
  scaled,
} from '../testing/any-unit.js';
import { globalNccLoss } from './global-ncc.js';
import { gradientDifferenceLoss } from './gradient-difference.js';
import { localNccLoss } from './local-ncc.js';
import { mutualInformationLoss } from './mutual-information.js';

const size = [14, 17];
const [window, epsilon] = [5, 1e-5];

const cases = pairsInAnyUnit(size);

const asImage = (values: Float32Array): Tensor => tensor(values, [1, ...size, 1]);
const inFloat64 = (similarity: Similarity, [a, b]: Images) => similarity(Array.from(a), Array.from(b));
const read = (scalar: Tensor) => scalar.dataSync()[0]!;

describe.each(backends)('similarities in any unit on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  describe.each(Object.keys(cases))('%s', (name) => {
    const images = cases[name]!;
    const pair = () => images.map(asImage) as [Tensor, Tensor];

    test.each([true, false])('local NCC as in float64, squared: %s', (squared) => {
      const loss = read(localNccLoss(...pair(), { window, squared, epsilon }));
      expect(loss).toBeGreaterThanOrEqual(0);
      expect(loss).toBeLessThanOrEqual(squared ? 1 : 2);
      const exact = inFloat64(localNcc(images, { size, window, squared, epsilon }), images);
      expect(Math.abs(loss - exact)).toBeLessThan(2e-3);
    });

    test('global NCC as in float64', () => {
      const loss = read(globalNccLoss(...pair()));
      expect(loss).toBeGreaterThanOrEqual(0);
      expect(loss).toBeLessThanOrEqual(1);
      expect(Math.abs(loss - inFloat64(globalNcc(images), images))).toBeLessThan(1e-3);
    });

    test('gradient difference as in float64', () => {
      const loss = read(gradientDifferenceLoss(...pair()));
      expect(Math.abs(loss - inFloat64(gradientDifference(images, size), images))).toBeLessThan(1e-3);
    });

    test('mutual information as in float64', () => {
      const loss = read(mutualInformationLoss(...pair(), { bins: 12 }));
      expect(Math.abs(loss - inFloat64(mutualInformation(images, 12), images))).toBeLessThan(1e-3);
    });

    test.each([
      ['local NCC', localNccLoss],
      ['global NCC', globalNccLoss],
      ['mutual information', mutualInformationLoss],
      ['gradient difference', gradientDifferenceLoss],
    ] as const)('%s: finite, and so are its gradients', (_, loss) => {
      const [value, ...gradients] = [loss(...pair()), ...grads((a: Tensor, b: Tensor) => loss(a, b))(pair())];
      expect(Number.isFinite(read(value!))).toBe(true);
      for (const gradient of gradients) expect(gradient.dataSync().every(Number.isFinite)).toBe(true);
    });
  });

  test.each([
    ['local NCC', localNccLoss, 5e-3],
    ['global NCC', globalNccLoss, 1e-4],
    ['mutual information', mutualInformationLoss, 0.1],
    ['gradient difference', gradientDifferenceLoss, 1e-2],
  ] as const)('%s hardly depends on the unit', (_, loss, tolerance) => {
    const value = (images: Images) => read(loss(asImage(images[0]), asImage(images[1])));
    const expected = value(blobs(size));
    for (const unit of [1e-6, 4095, 1e6]) {
      expect(Math.abs(value(scaled(blobs(size), unit)) - expected)).toBeLessThan(tolerance);
      expect(Math.abs(value(scaled(blobs(size), unit, 3 * unit)) - expected)).toBeLessThan(tolerance);
    }
  });

  test('a descent along the gradient lowers the loss, in a unit of 1e6 and of 1e-6', () => {
    for (const unit of [1e-6, 1e6]) {
      const [moved, fixed] = scaled(blobs(size), unit).map(asImage) as [Tensor, Tensor];
      for (const loss of [localNccLoss, globalNccLoss, mutualInformationLoss, gradientDifferenceLoss]) {
        const [gradient] = grads((a: Tensor, b: Tensor) => loss(a, b))([moved, fixed]);
        const slopes = Array.from(gradient!.dataSync());
        const steepest = slopes.reduce((most, slope) => Math.max(most, Math.abs(slope)), 0);
        const values = Float32Array.from(
          moved.dataSync(),
          (value, i) => value - (0.02 * unit * slopes[i]!) / steepest,
        );
        expect(read(loss(asImage(values), fixed))).toBeLessThan(read(loss(moved, fixed)));
      }
    }
  });
});
