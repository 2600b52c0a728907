import { tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import { boxSum } from './box-sum.js';
import { sizeOf } from './geometry.js';
import type { NativeKernels } from './index.js';
import { nativeForTests, noise, take } from './testing/native.js';
import { relativeError } from './testing/reference-conv.js';

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
