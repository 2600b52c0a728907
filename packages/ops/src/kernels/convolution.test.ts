import { registerGradients } from '@sshn/ops';
import {
  backends,
  distinct,
  gradientError,
  naiveConvolution,
  useBackend,
  weighted,
  withoutLeak,
} from '@sshn-internal/testing';
import { dispose, grads, ones, reshape, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { applyConvolution } from './convolution.js';

/** Input, kernel and bias of the given sizes, all entries different and about 1 in size. */
function operands(batch: number, size: number[], window: number[], inChannels: number, outChannels: number) {
  const spread = (shape: number[], seed: number) =>
    distinct(shape, { gap: 2 / shape.reduce((product, n) => product * n, 1), seed });
  return [
    spread([batch, ...size, inChannels], 1),
    spread([...window, inChannels, outChannels], 2),
    spread([outChannels], 3),
  ] as const;
}

describe.each(backends)('applyConvolution on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('sums what lies under the window, and zeros outside of the image', () => {
    const image = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
    const y = applyConvolution(image, ones([3, 3, 1, 1]), tensor([100]));
    expect([...y.dataSync()]).toEqual([112, 121, 116, 127, 145, 133, 124, 139, 128]);
  });

  test('does not flip the kernel: its first entry looks up and left', () => {
    const image = tensor([1, 2, 3, 4, 5, 6], [1, 2, 3, 1]);
    const kernel = tensor([1, 0, 0, 0, 0, 0, 0, 0, 0], [3, 3, 1, 1]);
    expect([...applyConvolution(image, kernel, zeros([1])).dataSync()]).toEqual([0, 0, 0, 0, 1, 2]);
  });

  test('in 3D its first entry looks to the slice before, up and left', () => {
    const volume = tensor([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 2, 2, 1]);
    const kernel = tensor([1, ...Array<number>(26).fill(0)], [3, 3, 3, 1, 1]);
    expect([...applyConvolution(volume, kernel, zeros([1])).dataSync()]).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
  });

  test('a 1×1 kernel is one matrix for every pixel', () => {
    const x = tensor([1, 2, 3, 4], [1, 1, 2, 2]);
    const kernel = tensor([1, 10, 2, 20], [1, 1, 2, 2]);
    expect([...applyConvolution(x, kernel, tensor([0, 5])).dataSync()]).toEqual([5, 55, 11, 115]);
  });

  test('LeakyReLU follows the bias', () => {
    const x = tensor([-3, -1, 0, 2], [1, 2, 2, 1]);
    const y = applyConvolution(x, ones([1, 1, 1, 1]), tensor([1]), 0.25);
    expect([...y.dataSync()]).toEqual([-0.5, 0, 1, 3]);
  });

  describe.each([
    { batch: 1, size: [1, 1], window: [3, 3], inChannels: 1, outChannels: 1 },
    { batch: 2, size: [1, 7], window: [5, 5], inChannels: 2, outChannels: 3 },
    { batch: 3, size: [4, 3], window: [1, 1], inChannels: 3, outChannels: 2 },
    { batch: 1, size: [5, 6], window: [1, 5], inChannels: 2, outChannels: 2 },
    { batch: 2, size: [3, 2], window: [7, 3], inChannels: 1, outChannels: 2 },
    { batch: 1, size: [1, 1, 1], window: [3, 3, 3], inChannels: 2, outChannels: 1 },
    { batch: 2, size: [3, 2, 4], window: [3, 1, 5], inChannels: 1, outChannels: 2 },
    { batch: 1, size: [2, 3, 3], window: [5, 3, 1], inChannels: 2, outChannels: 2 },
    { batch: 2, size: [2, 2, 2], window: [1, 1, 1], inChannels: 3, outChannels: 2 },
  ])(
    'batch $batch, size $size, window $window, $inChannels → $outChannels',
    ({ batch, size, window, inChannels, outChannels }) => {
      test('agrees with the definition', () => {
        const [x, kernel, bias] = operands(batch, size, window, inChannels, outChannels);
        const y = applyConvolution(x, kernel, bias);
        expect(y.shape).toEqual([batch, ...size, outChannels]);
        const want = naiveConvolution(x, kernel, bias);
        const got = y.dataSync();
        want.forEach((value, i) => {
          expect(got[i]).toBeCloseTo(value, 4);
        });
      });

      test('all three gradients agree with central differences', () => {
        const inputs = operands(batch, size, window, inChannels, outChannels);
        const f = (...[x, kernel, bias]: Tensor[]) => weighted(applyConvolution(x!, kernel!, bias!));
        expect(gradientError(f, inputs, 0.1)).toBeLessThan(1e-3);
      });
    },
  );

  test.each([0, 0.01, 0.3, 1])('gradients through LeakyReLU of slope %f', (slope) => {
    const [x, kernel] = operands(2, [3, 4], [3, 3], 2, 2);
    // One channel far above and one far below the kink.
    const bias = tensor([20, -20]);
    const f = (...[input, weights, offsets]: Tensor[]) =>
      weighted(applyConvolution(input!, weights!, offsets!, slope));
    expect(gradientError(f, [x, kernel, bias], 0.1)).toBeLessThan(1e-3);
  });

  test('on the far side of the kink, gradients shrink by the slope', () => {
    const f = (slope: number) => (x: Tensor) =>
      weighted(applyConvolution(x, ones([1, 1, 1, 1]), zeros([1]), slope));
    const x = tensor([-1, 2], [1, 1, 2, 1]);
    const [linear] = grads(f(1))([x]);
    const [leaky] = grads(f(0.25))([x]);
    const [below, above] = linear!.dataSync();
    expect([...leaky!.dataSync()]).toEqual([0.25 * below!, above]);
  });

  test('leaves nothing behind, forward and backward, in 2D and 3D', async () => {
    for (const [size, window] of [
      [
        [4, 5],
        [3, 3],
      ],
      [
        [4, 5],
        [1, 1],
      ],
      [
        [2, 3, 4],
        [3, 1, 3],
      ],
    ] as const) {
      const inputs = operands(2, [...size], [...window], 2, 3);
      const f = (...[x, kernel, bias]: Tensor[]) => weighted(applyConvolution(x!, kernel!, bias!, 0.01));
      await withoutLeak(() => applyConvolution(...inputs, 0.01).dispose());
      await withoutLeak(() => dispose(grads(f)([...inputs])));
      dispose([...inputs]);
    }
  });
});

describe('what does not fit is refused', () => {
  const image = () => zeros([1, 5, 4, 3]);
  const kernel = () => zeros([3, 3, 3, 2]);
  const bias = () => zeros([2]);

  test('channels first', () => {
    expect(() => applyConvolution(zeros([1, 3, 5, 4]), kernel(), bias())).toThrow(
      'convolution: got shape [1, 3, 5, 4], expected [batch, height, width, 3]. ' +
        'Arrays are channels-last; transpose channels-first data first.',
    );
  });

  test('an image for a kernel of volumes', () => {
    expect(() => applyConvolution(image(), zeros([3, 3, 3, 3, 2]), bias())).toThrow(
      'convolution: got shape [1, 5, 4, 3], expected [batch, depth, height, width, 3].',
    );
  });

  test('whole numbers', () => {
    expect(() => applyConvolution(zeros([1, 5, 4, 3], 'int32'), kernel(), bias())).toThrow(
      'convolution: got "int32", expected a float32 tensor. Convert it first: cast(x, \'float32\').',
    );
  });

  test('an even window', () => {
    expect(() => applyConvolution(image(), zeros([3, 2, 3, 2]), bias())).toThrow(
      'convolution: kernel: got shape [3, 2, 3, 2], expected [...window, in, out] with two or three odd window edges.',
    );
  });

  test('a kernel without window', () => {
    expect(() => applyConvolution(image(), reshape(ones([6]), [3, 2]), bias())).toThrow(
      'convolution: kernel',
    );
  });

  test('a bias of another length, which would broadcast', () => {
    expect(() => applyConvolution(image(), kernel(), zeros([1]))).toThrow(
      'convolution: bias: got shape [1], expected [2].',
    );
  });
});
