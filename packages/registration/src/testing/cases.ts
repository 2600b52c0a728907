import type { Rng } from '@sshn/core';
import { interpolations, paddings } from '@sshn/ops';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';

/** Shapes and samplings of every kind: one voxel, odd, oblong, several images, 2D and 3D. */
export const warpCases = fc.integer({ min: 2, max: 3 }).chain((rank) =>
  fc.record({
    batch: fc.integer({ min: 1, max: 3 }),
    size: fc.array(fc.integer({ min: 1, max: rank === 2 ? 9 : 5 }), { minLength: rank, maxLength: rank }),
    channels: fc.constantFrom(1, 2, 3, 4, 5, 8, 9),
    reach: fc.constantFrom(0.4, 2, 30),
    interpolation: fc.constantFrom(...interpolations),
    padding: fc.constantFrom(...paddings),
    seed: fc.integer({ min: 1, max: 1e6 }),
  }),
);

export type WarpCase = typeof warpCases extends fc.Arbitrary<infer Case> ? Case : never;

/** Uniform values in [−1, 1). */
export function noise(rng: Rng, shape: readonly number[]): Tensor {
  const values = Float32Array.from({ length: size(shape) }, () => 2 * rng.uniform() - 1);
  return tensor(values, [...shape]);
}

/** Displacements up to `reach` voxels whose places keep 0.02 from where interpolation has a kink. */
export function smoothPlaces(rng: Rng, shape: readonly number[], reach: number): Tensor {
  const values = Float32Array.from({ length: size(shape) }, () => {
    const whole = Math.round((2 * rng.uniform() - 1) * reach);
    const [near, far] = [0.02 + 0.46 * rng.uniform(), 0.52 + 0.46 * rng.uniform()];
    return whole + (rng.uniform() < 0.5 ? near : far);
  });
  return tensor(values, [...shape]);
}

/** Largest difference, relative to the largest expected value. */
export function relativeError(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [worst, largest] = [0, 1e-6];
  for (let i = 0; i < expected.length; i++) {
    // Written so that a NaN counts.
    if (!(Math.abs(got[i]! - expected[i]!) <= worst)) worst = Math.abs(got[i]! - expected[i]!);
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return worst / largest;
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}
