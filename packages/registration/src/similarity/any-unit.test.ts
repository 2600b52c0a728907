import { Rng } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, useBackend } from '@sshn-internal/testing';
import { grads, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { meanOf, moments, positions, windowAround } from '../testing/double-precision.js';
import { globalNccLoss } from './global-ncc.js';
import { gradientDifferenceLoss } from './gradient-difference.js';
import { localNccLoss } from './local-ncc.js';
import { mutualInformationLoss } from './mutual-information.js';

const size = [14, 17];
const count = size[0]! * size[1]!;
const [window, epsilon] = [5, 1e-5];

type Images = [moved: Float32Array, fixed: Float32Array];

/** Blobs with noise, alike in both images, in [0, 1]. */
function blobs(share = 1): Images {
  const rng = Rng.fromSeed(7);
  const fixed = Float32Array.from(positions(size), ([y, x]) => {
    const inside = (y! * size[1]! + x!) / count < share;
    const value = 0.5 + 0.3 * Math.sin(y! / 3) * Math.cos(x! / 4) + 0.2 * rng.uniform(-1, 1);
    return inside ? value : 0;
  });
  const moved = fixed.map((value) => (value === 0 ? 0 : 0.7 * value + 0.3 * rng.uniform(0, 1)));
  return [moved, fixed];
}

const scaled = ([a, b]: Images, factor: number, offset = 0): Images => [
  a.map((value) => value * factor + offset),
  b.map((value) => value * factor + offset),
];

/** Windows of zeros beside a bright plateau, as of a scanner. */
function plateau(): Images {
  const [a, b] = blobs();
  const at = (i: number, value: number) => (i % size[1]! < 8 ? 0 : 40_000 + 5000 * value);
  return [a.map((value, i) => at(i, value)), b.map((value, i) => at(i, value))];
}

const cases: Record<string, Images> = {
  'in [0, 1]': blobs(),
  'a range of 1e-6': scaled(blobs(), 1e-6),
  'a range of 1e6': scaled(blobs(), 1e6),
  'a range of 1e20': scaled(blobs(), 1e20),
  'an offset of 1e5': scaled(blobs(), 1, 1e5),
  'a range of 1e6 at 1e5': scaled(blobs(), 1e6, 1e5),
  'a range of 45,000, one image in another unit': [blobs()[0], scaled(blobs(), 45_000, -1000)[1]],
  '95 % zeros': blobs(0.05),
  '95 % zeros, a range of 1e6': scaled(blobs(0.05), 1e6),
  'constant windows beside a bright plateau': plateau(),
  'one image constant': [new Float32Array(count).fill(100_000.3), blobs()[1]],
  'both constant': [new Float32Array(count).fill(1e-6), new Float32Array(count).fill(100_000.3)],
};

/** By the definition, in float64: without the mean, divided by how far the deviation lies outside of [1/16, 1/2]. */
function standardized(values: ArrayLike<number>): number[] {
  const list = Array.from(values);
  const mean = meanOf(list);
  const deviation = Math.sqrt(meanOf(list.map((value) => (value - mean) ** 2)));
  const seen = Math.max(deviation, 1e-7 * Math.max(...list.map(Math.abs)));
  const scale = Math.max(1, seen * 2) * Math.min(1, seen * 16);
  return list.map((value) => (value - mean) / Math.max(scale, 1e-30));
}

function localNcc([moved, fixed]: Images, squared: boolean): number {
  const [a, b] = [standardized(moved), standardized(fixed)];
  const correlations = positions(size).map((center) => {
    const inside = windowAround(size, center, window);
    const { ab, aa, bb } = moments(
      inside.map((i) => a[i]!),
      inside.map((i) => b[i]!),
    );
    return squared ? ab ** 2 / (aa * bb + epsilon) : ab / Math.sqrt(aa * bb + epsilon);
  });
  return 1 - meanOf(correlations);
}

function globalNcc([moved, fixed]: Images): number {
  const { ab, aa, bb } = moments(standardized(moved), standardized(fixed));
  return 1 - ab ** 2 / (aa * bb + 1e-10 * count ** 2);
}

const asImage = (values: Float32Array): Tensor => tensor(values, [1, ...size, 1]);
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
      expect(Math.abs(loss - localNcc(images, squared))).toBeLessThan(2e-3);
    });

    test('global NCC as in float64', () => {
      const loss = read(globalNccLoss(...pair()));
      expect(loss).toBeGreaterThanOrEqual(0);
      expect(loss).toBeLessThanOrEqual(1);
      expect(Math.abs(loss - globalNcc(images))).toBeLessThan(1e-3);
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
    const expected = value(blobs());
    for (const unit of [1e-6, 4095, 1e6]) {
      expect(Math.abs(value(scaled(blobs(), unit)) - expected)).toBeLessThan(tolerance);
      expect(Math.abs(value(scaled(blobs(), unit, 3 * unit)) - expected)).toBeLessThan(tolerance);
    }
  });

  test('a descent along the gradient lowers the loss, in a unit of 1e6 and of 1e-6', () => {
    for (const unit of [1e-6, 1e6]) {
      const [moved, fixed] = scaled(blobs(), unit).map(asImage) as [Tensor, Tensor];
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
