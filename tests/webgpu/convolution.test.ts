import { applyConvolution, applyLeakyRelu, dispatcher, type Kernels } from '@sshn/ops';
import { greater, mul, type Tensor, where } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { expectSame, hasWebgpu, noise, withGradients } from './compare.js';

const dispatch = dispatcher<Kernels>();

const convolutions = fc.integer({ min: 2, max: 3 }).chain((rank) =>
  fc.record({
    batch: fc.integer({ min: 1, max: 3 }),
    size: fc.array(fc.integer({ min: 1, max: rank === 2 ? 9 : 4 }), { minLength: rank, maxLength: rank }),
    window: fc.array(rank === 2 ? fc.constantFrom(1, 3, 5) : fc.constantFrom(1, 3), {
      minLength: rank,
      maxLength: rank,
    }),
    inChannels: fc.constantFrom(1, 2, 3, 5, 16, 17),
    outChannels: fc.constantFrom(1, 2, 4, 7, 32, 33),
    slope: fc.constantFrom(1, 0.01, 0),
  }),
);
interface Convolution {
  readonly batch: number;
  readonly size: number[];
  readonly window: number[];
  readonly inChannels: number;
  readonly outChannels: number;
  readonly slope: number;
}

/** More places and channels than one workgroup takes, and shares of the kernel's gradient to sum. */
const large: Convolution[] = [
  { batch: 2, size: [17, 23], window: [3, 3], inChannels: 35, outChannels: 40, slope: 0.01 },
  { batch: 1, size: [5, 4, 7], window: [3, 1, 3], inChannels: 18, outChannels: 34, slope: 1 },
  { batch: 1, size: [70, 65], window: [1, 1], inChannels: 3, outChannels: 2, slope: 1 },
];
const cases: Convolution[] = [...fc.sample(convolutions, 14), ...large];

describe.skipIf(!hasWebgpu)('convolutions', { timeout: 180_000 }, () => {
  test('with bias and rectifier, and the gradients to all three', async () => {
    await expectSame(
      cases,
      ({ batch, size, window, inChannels, outChannels, slope }) =>
        withGradients(
          (x, kernel, bias) => applyConvolution(x!, kernel!, bias!, slope),
          [
            noise('x', [batch, ...size, inChannels]),
            noise('kernel', [...window, inChannels, outChannels]),
            noise('bias', [outChannels]),
          ],
        ),
      1e-5,
    );
  });

  test('a rectifier alone', async () => {
    await expectSame(
      cases,
      ({ batch, size, outChannels }) =>
        withGradients((x) => applyLeakyRelu(x!, 0.1), [noise('x', [batch, ...size, outChannels])]),
      1e-6,
    );
  });

  test('what a rectifier passes back where it put out zeros', async () => {
    await expectSame(
      [0, 0.5],
      (slope) => {
        const [dy, y] = [noise('dy', [2, 3, 5, 3]), mul(noise('y', [2, 3, 5, 3]), 0)];
        const composed = (): Tensor => where(greater(y, 0), dy, mul(dy, slope));
        return [dispatch('SshnLeakyReluGrad', { dy, y }, { slope }, composed)];
      },
      1e-6,
    );
  });
});
