import type { LocalNccSettings } from '@sshn/ops';
import { tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { NativeKernels } from './index.js';
import { boxSum, localNcc, localNccGrad } from './local-ncc.js';
import { sizeOf } from './module.js';
import { nativeForTests, noise, take } from './testing/native.js';
import { relativeError } from './testing/reference-conv.js';

describe('local correlation', () => {
  let native: NativeKernels;
  beforeAll(async () => {
    native = await nativeForTests();
  });

  /** Entries of a dense array that lie in the window around another, of its image and channel. */
  function windowAround(shape: readonly number[], index: number, window: number): number[] {
    const reach = (window - 1) / 2;
    const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
    const place = strides.map((stride, axis) => Math.floor(index / stride) % shape[axis]!);
    return strides.reduce(
      (found, stride, axis) => {
        if (axis === 0 || axis === shape.length - 1) return found;
        const from = Math.max(0, place[axis]! - reach);
        const to = Math.min(shape[axis]! - 1, place[axis]! + reach);
        const steps = Array.from({ length: to - from + 1 }, (_, i) => (from + i - place[axis]!) * stride);
        return found.flatMap((at) => steps.map((step) => at + step));
      },
      [index],
    );
  }

  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

  /** One minus the mean correlation, window by window, in double precision. */
  function reference(
    [a, b]: readonly [ArrayLike<number>, ArrayLike<number>],
    windows: readonly number[][],
    { squared, epsilon }: LocalNccSettings,
  ): number {
    const correlations = windows.map((inside) => {
      const means = [a, b].map((x) => sum(inside.map((i) => x[i]!)) / inside.length) as [number, number];
      const moment = (x: ArrayLike<number>, p: number, y: ArrayLike<number>, q: number) =>
        sum(inside.map((i) => (x[i]! - p) * (y[i]! - q)));
      const cross = moment(a, means[0], b, means[1]);
      const product = moment(a, means[0], a, means[0]) * moment(b, means[1], b, means[1]) + epsilon;
      return squared ? cross ** 2 / product : cross / Math.sqrt(product);
    });
    return 1 - sum(correlations) / correlations.length;
  }

  /** Slopes along every entry of one of two images, by central differences in double precision. */
  function slopes(
    images: readonly [Float32Array, Float32Array],
    which: 0 | 1,
    loss: (pair: [ArrayLike<number>, ArrayLike<number>]) => number,
  ): number[] {
    const step = 1e-5;
    return Array.from(images[which], (_, i) => {
      const at = (shift: number) => {
        const pair: [ArrayLike<number>, ArrayLike<number>] = [...images];
        pair[which] = Float64Array.from(images[which], (value, j) => (j === i ? value + shift : value));
        return loss(pair);
      };
      return (at(step) - at(-step)) / (2 * step);
    });
  }

  const cases = fc.integer({ min: 2, max: 3 }).chain((rank) =>
    fc.record({
      size: fc.array(fc.integer({ min: 1, max: rank === 2 ? 6 : 3 }), { minLength: rank, maxLength: rank }),
      batch: fc.integer({ min: 1, max: 2 }),
      channels: fc.integer({ min: 1, max: 3 }),
      window: fc.constantFrom(1, 3, 5, 9),
      squared: fc.boolean(),
      epsilon: fc.constantFrom(0.01, 0.1),
    }),
  );

  describe('native local NCC', () => {
    it('gives loss and gradients as in double precision', () => {
      fc.assert(
        fc.property(cases, ({ size, batch, channels, ...settings }) => {
          const shape = [batch, ...size, channels];
          const images = [noise(sizeOf(shape), 1), noise(sizeOf(shape), 2)] as const;
          const windows = Array.from(images[0], (_, i) => windowAround(shape, i, settings.window));
          const loss = (pair: readonly [ArrayLike<number>, ArrayLike<number>]) =>
            reference(pair, windows, settings);
          const [moved, fixed] = [tensor(images[0], shape), tensor(images[1], shape)];
          const [value, maps] = localNcc(native, { moved, fixed }, settings);
          const found = localNccGrad(native, { moved, fixed, maps: maps! }, settings.window).map(take);
          take(maps!);
          expect(take(value!)[0]).toBeCloseTo(loss(images), 5);
          for (const which of [0, 1] as const) {
            const expected = slopes(images, which, loss);
            // Windows of one voxel have no variance: there is no slope but rounding.
            if (settings.window > 1 && size.some((length) => length > 1))
              expect(relativeError(found[which]!, expected)).toBeLessThan(2e-4);
            else expect(Math.max(...found[which]!.map(Math.abs))).toBeLessThan(1e-5);
          }
        }),
        { numRuns: 100 },
      );
    });

    it('lets what is no number through', () => {
      const values = noise(48, 1);
      values[20] = Number.NaN;
      const [moved, fixed] = [tensor(values, [1, 6, 8, 1]), tensor(noise(48, 2), [1, 6, 8, 1])];
      const [value, maps] = localNcc(native, { moved, fixed }, { window: 3, squared: true, epsilon: 1e-5 });
      const [toMoved] = localNccGrad(native, { moved, fixed, maps: maps! }, 3);
      expect(take(value!)[0]).toBeNaN();
      expect(take(toMoved!)[20]).toBeNaN();
    });
  });
});

describe('box sum', () => {
  let native: NativeKernels;
  beforeAll(async () => {
    native = await nativeForTests();
  });

  /** Sums along one axis of a dense array, entry by entry. */
  function along(data: readonly number[], shape: readonly number[], axis: number, window: number): number[] {
    const inner = sizeOf(shape.slice(axis + 1));
    const length = shape[axis]!;
    const reach = (window - 1) / 2;
    return data.map((_, index) => {
      const i = Math.floor(index / inner) % length;
      let sum = 0;
      for (let j = Math.max(0, i - reach); j <= Math.min(length - 1, i + reach); j++)
        sum += data[index + (j - i) * inner]!;
      return sum;
    });
  }

  const cases = fc.integer({ min: 2, max: 3 }).chain((rank) =>
    fc.record({
      size: fc.array(fc.integer({ min: 1, max: rank === 2 ? 17 : 7 }), { minLength: rank, maxLength: rank }),
      batch: fc.integer({ min: 1, max: 3 }),
      channels: fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 70),
      window: fc.constantFrom(1, 3, 5, 9, 41),
    }),
  );

  describe('native box sum', () => {
    it('is the sum over windows cropped at the border', () => {
      fc.assert(
        fc.property(cases, ({ size, batch, channels, window }) => {
          const shape = [batch, ...size, channels];
          const x = tensor(noise(sizeOf(shape), 1), shape);
          const expected = size.reduce(
            (data, _, axis) => along(data, shape, axis + 1, window),
            Array.from(x.dataSync()),
          );
          expect(relativeError(take(boxSum(native, x, window)), expected)).toBeLessThan(1e-6);
          x.dispose();
        }),
      );
    });
  });
});
