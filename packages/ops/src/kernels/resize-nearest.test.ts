import { ShapeError } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, distinct, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { dispose, grads, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { resizeNearest } from './resize-nearest.js';

const cases = fc.integer({ min: 2, max: 3 }).chain((rank) => {
  const sizes = fc.array(fc.integer({ min: 1, max: rank === 2 ? 11 : 5 }), {
    minLength: rank,
    maxLength: rank,
  });
  return fc.record({
    batch: fc.integer({ min: 1, max: 2 }),
    from: sizes,
    to: sizes,
    channels: fc.constantFrom(1, 3),
  });
});

/** Pixel by pixel: the one whose area holds the center of the output's. */
function reference(x: Tensor, size: readonly number[]): number[] {
  const volume = (sizes: readonly number[]) => (sizes.length === 2 ? [1, ...sizes] : [...sizes]);
  const [from, to, channels] = [volume(x.shape.slice(1, -1)), volume(size), x.shape.at(-1)!];
  const values = x.dataSync();
  const source = (axis: number, i: number) => {
    let pixel = 0;
    while ((pixel + 1) * 2 * to[axis]! <= (2 * i + 1) * from[axis]!) pixel++;
    return pixel;
  };
  const y: number[] = [];
  for (let b = 0; b < x.shape[0]!; b++)
    for (let i = 0; i < to[0]!; i++)
      for (let j = 0; j < to[1]!; j++)
        for (let k = 0; k < to[2]!; k++)
          for (let c = 0; c < channels; c++) {
            const row = (b * from[0]! + source(0, i)) * from[1]! + source(1, j);
            y.push(values[(row * from[2]! + source(2, k)) * channels + c]!);
          }
  return y;
}

describe.each(backends)('on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('doubles: blocks of copies', () => {
    const x = tensor([1, 2], [1, 1, 2, 1]);
    expect([...resizeNearest(x, [2, 4]).dataSync()]).toEqual([1, 1, 2, 2, 1, 1, 2, 2]);
    expect([...resizeNearest(x, [1, 3]).dataSync()]).toEqual([1, 2, 2]);
  });

  test('random sizes, up and down: as by definition', () => {
    fc.assert(
      fc.property(cases, ({ batch, from, to, channels }) => {
        const x = distinct([batch, ...from, channels]);
        const y = resizeNearest(x, to);
        expect([...y.dataSync()]).toEqual(reference(x, to).map(Math.fround));
        dispose([x, y]);
      }),
      { numRuns: 40 },
    );
  });

  test('centers that fall between two pixels take the later one, whatever the rounding of the backend', () => {
    for (let from = 2; from <= 40; from += 2)
      for (let to = 1; to <= 99; to += 2) {
        const x = tensor(
          Float32Array.from({ length: from }, (_, i) => i),
          [1, 1, from, 1],
        );
        const y = resizeNearest(x, [1, to]);
        expect([...y.dataSync()], `${from} to ${to}`).toEqual(reference(x, [1, to]));
        dispose([x, y]);
      }
  });

  test.each([
    { shape: [2, 3, 5, 2], size: [7, 9] },
    { shape: [1, 5, 4, 1], size: [2, 8] },
    { shape: [1, 1, 1, 2], size: [3, 3] },
    { shape: [1, 2, 3, 2, 1], size: [4, 5, 1] },
  ])('gradient of $shape to $size', ({ shape, size }) => {
    const f = (...[x]: Tensor[]) => weighted(resizeNearest(x!, size));
    expect(gradientError(f, [distinct(shape)], 0.1)).toBeLessThan(1e-3);
  });

  test('leaves nothing behind, forward and backward', async () => {
    const x = distinct([2, 3, 5, 2]);
    for (const size of [
      [3, 5],
      [6, 7],
    ]) {
      await withoutLeak(() => resizeNearest(x, size).dispose());
      await withoutLeak(() => dispose(grads((a: Tensor) => weighted(resizeNearest(a, size)))([x])));
    }
    x.dispose();
  });
});

test('refuses features that do not fit', () => {
  expect(() => resizeNearest(zeros([3, 3]), [3, 3])).toThrow(ShapeError);
  expect(() => resizeNearest(zeros([1, 3, 3, 1]), [3])).toThrow('resizeNearest: size: got [3], expected');
});
