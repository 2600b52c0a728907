import { OptionError, Rng, ShapeError, ValueError } from '@sshn/core';
import { interpolations, paddings, registerGradients } from '@sshn/ops';
import { backends, distinct, useBackend, withoutLeak } from '@sshn-internal/testing';
import {
  concat,
  dispose,
  fill,
  grads,
  slice,
  sum,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { noise } from '../testing/cases.js';
import { warp, warpLabels } from './warp.js';

const line = (...values: number[]): Tensor => tensor(values, [1, 1, values.length, 1]);
/** Displacements along the width of one line. */
const across = (...values: number[]): Tensor =>
  tensor(
    values.flatMap((u) => [0, u]),
    [1, 1, values.length, 2],
  );
const valuesOf = (x: Tensor): number[] => [...x.dataSync()];

describe.each(backends)('warp on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('half a voxel: the mean of two, the border repeated', () => {
    expect(valuesOf(warp(line(1, 3, 7), across(0.5, 0.5, 0.5)))).toEqual([2, 5, 7]);
  });

  test('bilinear by hand: a quarter down, three quarters right', () => {
    const image = tensor([1, 2, 3, 4], [1, 2, 2, 1]);
    const field = tensor([0.25, 0.75, 0, 0, 0, 0, 0, 0], [1, 2, 2, 2]);
    // 0.75 (0.25·1 + 0.75·2) + 0.25 (0.25·3 + 0.75·4)
    expect(valuesOf(warp(image, field))).toEqual([2.25, 2, 3, 4]);
  });

  test('trilinear by hand: the center of eight voxels is their mean', () => {
    const image = tensor([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 2, 2, 1]);
    const field = tensor([0.5, 0.5, 0.5, ...Array(21).fill(0)], [1, 2, 2, 2, 3]);
    expect(valuesOf(warp(image, field))).toEqual([4.5, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('components are in the order of the axes: depth, height, width', () => {
    const image = tensor([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 2, 2, 1]);
    const along = (axis: number) => {
      const one = [0, 1, 2].map((i) => (i === axis ? 1 : 0));
      return valuesOf(warp(image, tensor(Array(8).fill(one).flat(), [1, 2, 2, 2, 3])));
    };
    expect(along(0)).toEqual([5, 6, 7, 8, 5, 6, 7, 8]);
    expect(along(1)).toEqual([3, 4, 3, 4, 7, 8, 7, 8]);
    expect(along(2)).toEqual([2, 2, 4, 4, 6, 6, 8, 8]);
  });

  test.each([
    { padding: 'border', at: [1, 1, 2, 4, 4], far: [1, 4] },
    { padding: 'zeros', at: [0.5, 1, 2, 4, 2], far: [0, 0] },
    { padding: 'reflect', at: [1.5, 1, 2, 4, 3], far: [2, 1] },
  ] as const)('padding $padding', ({ padding, at, far }) => {
    const image = tensor([1, 2, 4, 1, 2, 4, 1, 2], [1, 1, 8, 1]);
    const three = slice(image, 0, [1, 1, 3, 1]);
    // Places −0.5, 0, 1, 2, 2.5 of [1, 2, 4], then −9 and 12, which mirror to 1 and 0.
    const read = (...places: number[]) =>
      places.map((p) => valuesOf(warp(three, across(p, 0, 0), { padding }))[0]!);
    expect(read(-0.5, 0, 1, 2, 2.5)).toEqual(at);
    expect(read(-9, 12)).toEqual(far);
  });

  test('nearest: halves go up, and labels stay integers', () => {
    const field = across(0.49, 0.5, -0.51);
    expect(valuesOf(warp(line(1, 3, 7), field, { interpolation: 'nearest' }))).toEqual([1, 7, 3]);
    const labels = tensor([4, 70000001, 9], [1, 1, 3], 'int32');
    const moved = warpLabels(labels, field);
    expect([moved.dtype, moved.shape, valuesOf(moved)]).toEqual(['int32', [1, 1, 3], [4, 9, 70000001]]);
    const outside = warpLabels(labels, across(-1, 0, 1), { padding: 'zeros' });
    expect(valuesOf(outside)).toEqual([0, 70000001, 0]);
  });

  const samplings = interpolations.flatMap((interpolation) =>
    paddings.map((padding) => ({ interpolation, padding })),
  );

  describe.each(samplings)('$interpolation, $padding', (sampling) => {
    test.each([[[2, 5, 3, 2]], [[1, 1, 1, 1]], [[2, 3, 1, 4, 3]]])(
      'a field of zeros changes nothing: %j',
      (shape) => {
        const image = noise(Rng.fromSeed(1), shape);
        const field = zeros([...shape.slice(0, -1), shape.length - 2]);
        expect(valuesOf(warp(image, field, sampling))).toEqual(valuesOf(image));
      },
    );

    test('a whole number of voxels is a slice', () => {
      const image = noise(Rng.fromSeed(2), [2, 6, 7, 3]);
      const field = tensor(Array(84).fill([2, -1]).flat(), [2, 6, 7, 2]);
      const inside = slice(warp(image, field, sampling), [0, 0, 1, 0], [2, 4, 6, 3]);
      expect(valuesOf(inside)).toEqual(valuesOf(slice(image, [0, 2, 0, 0], [2, 4, 6, 3])));
    });
  });

  test('images of a batch do not mix, channels neither', () => {
    const [image, field] = [noise(Rng.fromSeed(3), [3, 4, 5, 2]), noise(Rng.fromSeed(4), [3, 4, 5, 2])];
    const all = valuesOf(warp(image, field));
    const alone = [0, 1, 2].map((b) =>
      warp(slice(image, [b, 0, 0, 0], [1, 4, 5, 2]), slice(field, [b, 0, 0, 0], [1, 4, 5, 2])),
    );
    expect(valuesOf(concat(alone))).toEqual(all);
    const second = warp(slice(image, [0, 0, 0, 1], [3, 4, 5, 1]), field);
    expect(valuesOf(second)).toEqual(all.filter((_, i) => i % 2 === 1));
  });

  test('a displacement that is no number shows', () => {
    const field = across(0, Number.NaN, 0);
    for (const padding of paddings)
      expect(valuesOf(warp(line(1, 3, 7), field, { padding }))).toEqual([1, Number.NaN, 7]);
    expect(valuesOf(warp(line(1, 3, 7), field, { interpolation: 'nearest' }))).toEqual([1, 0, 7]);
  });

  test('far outside', () => {
    expect(valuesOf(warp(line(1, 3, 7), across(1e9, -1e9, 3e38)))).toEqual([7, 1, 7]);
    expect(valuesOf(warp(line(1, 3, 7), across(1e9, -1e9, 3e38), { padding: 'zeros' }))).toEqual([0, 0, 0]);
  });

  test('on the border and beyond nothing pulls outwards', () => {
    const pull = (padding: 'border' | 'zeros' | 'reflect') => {
      const f = (field: Tensor): Tensor => sum(warp(line(1, 3, 7), field, { padding }));
      return valuesOf(grads(f as never)([across(0, 0, 0)])[0]!).filter((_, i) => i % 2 === 1);
    };
    expect(pull('border')).toEqual([0, 4, 0]);
    expect(pull('reflect')).toEqual([0, 4, 0]);
    // Towards zero one voxel outside: the one-sided derivative to the right.
    expect(pull('zeros')).toEqual([2, 4, -7]);
  });

  test('leaves nothing behind, forward and backward', async () => {
    for (const shape of [
      [2, 4, 3, 2],
      [1, 2, 3, 2, 1],
    ]) {
      const [image, field] = [
        distinct(shape),
        noise(Rng.fromSeed(5), [...shape.slice(0, -1), shape.length - 2]),
      ];
      for (const sampling of samplings) {
        await withoutLeak(() => warp(image, field, sampling).dispose());
        const f = (a: Tensor, b: Tensor) => tidy(() => sum(warp(a, b, sampling)));
        await withoutLeak(() => dispose(grads(f as never)([image, field])));
      }
      dispose([image, field]);
    }
    const [labels, still] = [zeros([1, 3, 2], 'int32'), zeros([1, 3, 2, 2])];
    await withoutLeak(() => warpLabels(labels, still).dispose());
  });
});

describe('what does not fit is refused', () => {
  let [image, field] = [] as unknown as [Tensor, Tensor];
  beforeAll(async () => {
    await useBackend('cpu');
    [image, field] = [zeros([1, 4, 5, 3]), zeros([1, 4, 5, 2])];
  });

  test('no image', () => {
    expect(() => warp(zeros([4, 5]), field)).toThrow(ShapeError);
    expect(() => warp(zeros([1, 4, 5, 3], 'int32'), field)).toThrow('expected a float32 tensor');
  });

  test('a field of the wrong rank', () => {
    expect(() => warp(image, zeros([1, 4, 5, 3]))).toThrow(
      'warp: field: got shape [1, 4, 5, 3], expected [batch, height, width, 2] or [batch, depth, height, width, 3]',
    );
    expect(() => warp(image, zeros([1, 4, 5, 5, 3]))).toThrow(ShapeError);
    expect(() => warp(image, fill([1, 4, 5, 2], 0, 'int32'))).toThrow(ValueError);
  });

  test.each([[[2, 4, 5, 2]], [[1, 5, 4, 2]], [[1, 2, 2, 2]]])('a field of shape %j', (shape) => {
    expect(() => warp(image, zeros(shape))).toThrow(ShapeError);
    expect(() => warp(image, zeros(shape))).toThrow(
      `warp: field: got shape [${shape.join(', ')}], expected [1, 4, 5, 2]. It has to lie on the grid of the image`,
    );
  });

  test('words of no list', () => {
    expect(() => warp(image, field, { padding: 'zero' as never })).toThrow(OptionError);
    expect(() => warp(image, field, { padding: 'zero' as never })).toThrow("Did you mean 'zeros'?");
    expect(() => warp(image, field, { interpolation: 'cubic' as never })).toThrow(
      "one of 'linear', 'nearest'",
    );
  });

  test('labels that are no labels', () => {
    expect(() => warpLabels(zeros([1, 4, 5]), field)).toThrow(ValueError);
    expect(() => warpLabels(zeros([4, 5], 'int32'), field)).toThrow(ShapeError);
  });
});
