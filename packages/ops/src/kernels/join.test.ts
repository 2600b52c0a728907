import { ShapeError, ValueError } from '@sshn/core';
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
import { cast, dispose, grads, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { applyJoinedConvolution, joinFeatures } from './join.js';

const spread = (shape: number[], seed: number) =>
  distinct(shape, { gap: 2 / shape.reduce((product, n) => product * n, 1), seed });

describe.each(backends)('applyJoinedConvolution on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('reads the upsampled map first, then the skip', () => {
    const low = tensor([1, 5], [1, 1, 2, 1]);
    const skip = tensor([10, 20, 30, 40], [1, 1, 4, 1]);
    expect([...joinFeatures({ low, skip }).dataSync()]).toEqual([1, 10, 2, 20, 4, 30, 5, 40]);
    const kernel = tensor([1, 100], [1, 1, 2, 1]);
    const y = applyJoinedConvolution({ low, skip }, kernel, tensor([0.5]));
    expect([...y.dataSync()]).toEqual([1001.5, 2002.5, 3004.5, 4005.5]);
  });

  test.each([
    { low: [2, 1, 1, 1], skip: [2, 3, 4, 2], window: [3, 3] },
    { low: [1, 2, 3, 2], skip: [1, 5, 4, 1], window: [3, 3] },
    { low: [1, 2, 3, 1], skip: [1, 2, 3, 1], window: [3, 1] },
    { low: [1, 1, 2, 1, 1], skip: [1, 2, 3, 2, 1], window: [3, 3, 3] },
  ])('agrees with the definition and central differences for $low beside $skip', ({ low, skip, window }) => {
    const inChannels = low.at(-1)! + skip.at(-1)!;
    const inputs = [
      spread(low, 1),
      spread(skip, 2),
      spread([...window, inChannels, 2], 3),
      tensor([20, -20]),
    ];
    const f = (slope: number) => (a: Tensor, b: Tensor, kernel: Tensor, bias: Tensor) =>
      applyJoinedConvolution({ low: a, skip: b }, kernel, bias, slope);
    const [a, b, kernel, bias] = inputs as [Tensor, Tensor, Tensor, Tensor];
    const y = f(1)(a, b, kernel, bias);
    expect(y.shape).toEqual([...skip.slice(0, -1), 2]);
    const want = naiveConvolution(joinFeatures({ low: a, skip: b }), kernel, bias);
    const got = y.dataSync();
    want.forEach((value, i) => {
      expect(got[i]).toBeCloseTo(value, 4);
    });
    const sum = (...[p, q, k, c]: Tensor[]) => weighted(f(0.3)(p!, q!, k!, c!));
    expect(gradientError(sum, inputs, 0.1)).toBeLessThan(1e-3);
  });

  test('leaves nothing behind, forward and backward', async () => {
    const inputs = [spread([2, 2, 2, 1], 1), spread([2, 4, 5, 2], 2), spread([3, 3, 3, 2], 3), zeros([2])];
    const f = (...[a, b, kernel, bias]: Tensor[]) =>
      weighted(applyJoinedConvolution({ low: a!, skip: b! }, kernel!, bias!, 0.01));
    const [low, skip, kernel, bias] = inputs as [Tensor, Tensor, Tensor, Tensor];
    await withoutLeak(() => applyJoinedConvolution({ low, skip }, kernel, bias, 0.01).dispose());
    await withoutLeak(() => dispose(grads(f)(inputs)));
  });
});

describe('what does not fit is refused', () => {
  const run =
    ({
      low = zeros([2, 2, 2, 1]),
      skip = zeros([2, 4, 5, 2]),
      kernel = zeros([3, 3, 3, 2]),
      bias = zeros([2]),
    }) =>
    () =>
      applyJoinedConvolution({ low, skip }, kernel, bias);

  test.each([
    ['a kernel of even edges', () => ({ kernel: zeros([2, 3, 3, 2]) })],
    ['a kernel of one axis', () => ({ kernel: zeros([3, 3, 2]) })],
    ['another rank', () => ({ low: zeros([2, 2, 2, 2, 1]) })],
    ['another batch', () => ({ low: zeros([1, 2, 2, 1]) })],
    ['other channels', () => ({ skip: zeros([2, 4, 5, 1]) })],
    ['another bias', () => ({ bias: zeros([3]) })],
  ])('%s', (_, operands) => {
    expect(run(operands())).toThrow(ShapeError);
  });

  test('integers', () => {
    expect(run({ skip: cast(zeros([2, 4, 5, 2]), 'int32') })).toThrow(ValueError);
  });
});
