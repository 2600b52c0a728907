import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { NativeKernels } from './index.js';
import { sizeOf } from './module.js';
import { nativeForTests, noise, take } from './testing/native.js';
import { type NaiveWarp, naiveWarp } from './testing/reference-warp.js';
import { warp, warpGradField, warpGradImage } from './warp.js';

let native: NativeKernels;
beforeAll(async () => {
  native = await nativeForTests();
});

/** Largest difference, relative to the largest expected value or to 1 where that is less. */
function errorOf(got: ArrayLike<number>, expected: readonly number[]): number {
  expect(got).toHaveLength(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  // A NaN must count, which Math.max sees to.
  return Math.max(...expected.map((value, i) => Math.abs(got[i]! - value))) / scale;
}

/** Displacements that keep 0.02 from where interpolation has a kink. */
function places(count: number, seed: number, reach: number): Float32Array {
  const [whole, part] = [noise(count, seed), noise(count, seed + 1)];
  return whole.map(
    (n, i) => Math.round(n * reach) + Math.sign(part[i]!) * (0.02 + 0.46 * Math.abs(part[i]!)),
  );
}

const sizes = (rank: number) =>
  fc.array(fc.integer({ min: 1, max: rank === 2 ? 13 : 6 }), { minLength: rank, maxLength: rank });

const cases = fc.integer({ min: 2, max: 3 }).chain((rank) =>
  fc.record({
    batch: fc.integer({ min: 1, max: 3 }),
    inSize: sizes(rank),
    outSize: fc.option(sizes(rank), { nil: undefined }),
    channels: fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 11),
    reach: fc.constantFrom(0, 2, 40),
    interpolation: fc.constantFrom('linear', 'nearest'),
    padding: fc.constantFrom('border', 'zeros', 'reflect'),
    seed: fc.integer({ min: 1, max: 1e6 }),
  }),
);
type Case = typeof cases extends fc.Arbitrary<infer C> ? C : never;

/** The operands of a case, and what they give in double precision. */
function make(c: Case): { image: Tensor; field: Tensor; dy: Tensor; expected: NaiveWarp } {
  const { batch, inSize, channels, reach, seed } = c;
  const outSize = c.outSize ?? inSize;
  const of = (shape: number[], values: Float32Array): Tensor => tensor(values, shape);
  const [from, to] = [
    [batch, ...inSize, channels],
    [batch, ...outSize, channels],
  ];
  const fieldShape = [batch, ...outSize, inSize.length];
  const image = of(from, noise(sizeOf(from), seed));
  const dy = of(to, noise(sizeOf(to), seed + 2));
  const field = of(fieldShape, places(sizeOf(fieldShape), seed + 3, reach));
  return { image, field, dy, expected: naiveWarp(image, field, dy, c) };
}

describe('native warp', () => {
  it('and its gradients are as the definition has them in double precision', () => {
    fc.assert(
      fc.property(cases, (c) => {
        const { image, field, dy, expected } = make(c);
        const toImage = warpGradImage(native, { dy, field, inputSize: c.inSize }, c);
        expect(errorOf(take(warp(native, { image, field }, c)), expected.warped)).toBeLessThan(1e-5);
        expect(errorOf(take(toImage), expected.toImage)).toBeLessThan(1e-5);
        expect(errorOf(take(warpGradField(native, { dy, image, field }, c)), expected.toField)).toBeLessThan(
          2e-5,
        );
        for (const x of [image, field, dy]) x.dispose();
      }),
      { numRuns: 300 },
    );
  });

  it('picks integers as they are', () => {
    const labels = tensor([70000001, 2, 3, 4], [1, 1, 4, 1], 'int32');
    const field = tensor([0, 1, 0, 0.5, 0, 9, 0, -4], [1, 1, 4, 2]);
    const picked = (padding: 'border' | 'zeros') =>
      warp(native, { image: labels, field }, { interpolation: 'nearest', padding });
    expect([picked('border').dtype, [...take(picked('border'))]]).toEqual(['int32', [2, 3, 4, 70000001]]);
    expect([...take(picked('zeros'))]).toEqual([2, 3, 0, 0]);
  });

  it('shows a displacement that is no number, and survives any', () => {
    const image = tensor([1, 3, 7], [1, 1, 3, 1]);
    const read = (u: number, padding: 'border' | 'zeros' | 'reflect', interpolation: 'linear' | 'nearest') =>
      take(
        warp(native, { image, field: tensor([0, 0, 0, u, 0, 0], [1, 1, 3, 2]) }, { interpolation, padding }),
      )[1];
    for (const padding of ['border', 'zeros', 'reflect'] as const) {
      expect(read(Number.NaN, padding, 'linear')).toBeNaN();
      expect(read(Number.NaN, padding, 'nearest')).toBe(0);
      for (const far of [3e38, -3e38, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        if (padding === 'reflect') expect(() => read(far, padding, 'linear')).not.toThrow();
        else expect(read(far, padding, 'linear')).toBe(padding === 'zeros' ? 0 : far > 0 ? 7 : 1);
      }
    }
  });

  it('nothing pulls outwards on the border', () => {
    const [image, dy] = [tensor([1, 3, 7], [1, 1, 3, 1]), tensor([1, 1, 1], [1, 1, 3, 1])];
    const field = tensor([0, 0, 0, 0, 0, 0], [1, 1, 3, 2]);
    const pull = (padding: 'border' | 'zeros' | 'reflect') =>
      [...take(warpGradField(native, { dy, image, field }, { interpolation: 'linear', padding }))].filter(
        (_, i) => i % 2,
      );
    expect(pull('border')).toEqual([0, 4, 0]);
    expect(pull('reflect')).toEqual([0, 4, 0]);
    expect(pull('zeros')).toEqual([2, 4, -7]);
  });
});
