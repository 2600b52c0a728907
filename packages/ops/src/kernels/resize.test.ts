import { ShapeError, ValueError } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import {
  backends,
  distinct,
  gradientError,
  resizings,
  useBackend,
  weighted,
  withoutLeak,
} from '@sshn-internal/testing';
import {
  dispose,
  fill,
  grads,
  mul,
  reverse,
  slice,
  sum,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { resizeLinear } from './resize.js';

const inner = (a: Tensor, b: Tensor): number => tidy(() => sum(mul(a, b))).dataSync()[0]!;

/** `count` random cases on tensors that are gone afterwards. */
function always(count: number, holds: (c: Parameters<Parameters<typeof resizings.map>[0]>[0]) => void): void {
  fc.assert(
    fc.property(resizings, (c) => void tidy(() => holds(c))),
    { numRuns: count },
  );
}

describe.each(backends)('resizeLinear on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('halves: means of 2×2 pixels, channel by channel', () => {
    const x = tensor([1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60, 7, 70, 8, 80], [1, 2, 4, 2]);
    expect([...resizeLinear(x, [1, 2]).dataSync()]).toEqual([3.5, 35, 5.5, 55]);
  });

  test('doubles: a quarter of the way, and the border repeated', () => {
    const x = tensor([0, 4], [1, 1, 2, 1]);
    expect([...resizeLinear(x, [2, 4]).dataSync()]).toEqual([0, 1, 3, 4, 0, 1, 3, 4]);
  });

  test('3D: the mean of eight voxels', () => {
    const x = tensor([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 2, 2, 1]);
    expect([...resizeLinear(x, [1, 1, 1]).dataSync()]).toEqual([4.5]);
  });

  test('the same size is the identity, in a tensor of its own', () => {
    always(20, ({ batch, from, channels, seed }) => {
      const x = distinct([batch, ...from, channels], { seed });
      const y = resizeLinear(x, from);
      expect(y.dataSync()).toEqual(x.dataSync());
      expect(y.id).not.toBe(x.id);
    });
  });

  test('the gradient is the transpose: ⟨dy, R x⟩ = ⟨Rᵀ dy, x⟩', () => {
    always(60, ({ batch, from, to, channels, seed }) => {
      const x = distinct([batch, ...from, channels], { seed });
      const dy = distinct([batch, ...to, channels], { seed: seed + 1 });
      const [back] = grads((input: Tensor) => sum(mul(resizeLinear(input, to), dy)))([x]);
      const size = Math.sqrt(inner(x, x) * inner(dy, dy));
      expect(Math.abs(inner(dy, resizeLinear(x, to)) - inner(back!, x)) / size).toBeLessThan(1e-5);
    });
  });

  test('constants stay constant', () => {
    always(40, ({ batch, from, to, channels }) => {
      for (const value of resizeLinear(fill([batch, ...from, channels], 0.7), to).dataSync())
        expect(value).toBeCloseTo(0.7, 5);
    });
  });

  test('mirroring before is mirroring after, along every axis', () => {
    always(40, ({ batch, from, to, channels, seed }) => {
      const x = distinct([batch, ...from, channels], { seed, gap: 0.01 });
      for (const axis of from.map((_, i) => i + 1)) {
        const before = resizeLinear(reverse(x, axis), to).dataSync();
        const after = reverse(resizeLinear(x, to), axis).dataSync();
        before.forEach((value, i) => {
          expect(value).toBeCloseTo(after[i]!, 4);
        });
      }
    });
  });

  test('images of a batch and channels do not mix', () => {
    const x = distinct([2, 5, 3, 2]);
    const all = resizeLinear(x, [3, 4]);
    const alone = resizeLinear(slice(x, [1, 0, 0, 1], [1, 5, 3, 1]), [3, 4]);
    expect(slice(all, [1, 0, 0, 1], [1, 3, 4, 1]).dataSync()).toEqual(alone.dataSync());
  });

  test.each([
    { shape: [1, 1, 1, 2], size: [3, 2] },
    { shape: [2, 5, 3, 1], size: [2, 7] },
    { shape: [1, 4, 3, 2, 1], size: [2, 5, 1] },
  ])('gradient of $shape to $size agrees with central differences', ({ shape, size }) => {
    const f = (...[x]: Tensor[]) => weighted(resizeLinear(x!, size));
    expect(gradientError(f, [distinct(shape)], 0.1)).toBeLessThan(1e-3);
  });

  test('leaves nothing behind, forward and backward', async () => {
    for (const [shape, size] of [
      [
        [1, 5, 3, 2],
        [2, 4],
      ],
      [
        [1, 5, 3, 2],
        [5, 3],
      ],
      [
        [1, 2, 3, 2, 1],
        [3, 2, 1],
      ],
    ] as const) {
      const x = distinct([...shape]);
      await withoutLeak(() => resizeLinear(x, size).dispose());
      await withoutLeak(() => dispose(grads((input: Tensor) => weighted(resizeLinear(input, size)))([x])));
      x.dispose();
    }
  });
});

describe('what does not fit is refused', () => {
  const refused = (x: Tensor, size: number[]) => () => resizeLinear(x, size);

  test('no feature map', () => {
    expect(refused(zeros([4, 4]), [2, 2])).toThrow(ShapeError);
    expect(refused(zeros([4, 4]), [2, 2])).toThrow(
      'resizeLinear: got shape [4, 4], expected [batch, height, width, channels] or [batch, depth, height, width, channels].',
    );
  });

  test('whole numbers', () => {
    expect(refused(zeros([1, 4, 4, 1], 'int32'), [2, 2])).toThrow(
      'resizeLinear: got "int32", expected a float32 tensor. Convert it first: cast(x, \'float32\').',
    );
  });

  test('a size of another rank', () => {
    expect(refused(zeros([1, 4, 4, 1]), [2, 2, 2])).toThrow(
      'resizeLinear: size: got [2,2,2], expected [height, width].',
    );
    expect(refused(zeros([1, 4, 4, 4, 1]), [2])).toThrow('expected [depth, height, width].');
  });

  test.each([0, -1, 1.5])('a size of %f pixels', (n) => {
    expect(refused(zeros([1, 4, 4, 1]), [2, n])).toThrow(ValueError);
    expect(refused(zeros([1, 4, 4, 1]), [2, n])).toThrow(
      `resizeLinear: size: axis 1: got ${n}, expected an integer of at least 1.`,
    );
  });
});
