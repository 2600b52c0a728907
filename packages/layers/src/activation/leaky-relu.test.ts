import { rescaling } from '@sshn/core';
import { applyLeakyRelu, leakyReluGradient, registerGradients } from '@sshn/ops';
import { backends, distinct, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { dispose, grads, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { leakyRelu } from './leaky-relu.js';

describe.each(backends)('on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('x where positive, slope · x elsewhere', () => {
    const x = tensor([-2, 0, 3]);
    expect([...applyLeakyRelu(x, 0.25).dataSync()]).toEqual([-0.5, 0, 3]);
    expect([...applyLeakyRelu(x, 0).dataSync()].map(Math.abs)).toEqual([0, 0, 3]);
    expect([...applyLeakyRelu(x, 1).dataSync()]).toEqual([-2, 0, 3]);
    expect(applyLeakyRelu(x).dataSync()[0]).toBeCloseTo(-0.02, 7);
  });

  test.each([[[1]], [[7]], [[2, 3]], [[2, 3, 5, 2]]])('keeps the shape %j; gradient', (shape) => {
    const x = distinct(shape);
    expect(applyLeakyRelu(x).shape).toEqual(shape);
    const f = (...[input]: Tensor[]) => weighted(applyLeakyRelu(input!, 0.2));
    // `distinct` keeps entries off the kink by more than the step.
    expect(gradientError(f, [x], 0.01)).toBeLessThan(1e-3);
  });

  test('the gradient at 0 is the slope, whatever the slope', () => {
    for (const slope of [0, 0.3, 1]) {
      const [gradient] = grads((x: Tensor) => weighted(applyLeakyRelu(x, slope)))([tensor([0])]);
      const [one] = grads((x: Tensor) => weighted(applyLeakyRelu(x, slope)))([tensor([1])]);
      expect(gradient!.dataSync()[0]).toBeCloseTo(slope * one!.dataSync()[0]!, 6);
    }
  });

  test('its backward half needs the output only', () => {
    const dx = leakyReluGradient(tensor([10, 10, 10]), tensor([-0.1, 0, 5]), 0.5);
    expect([...dx.dataSync()]).toEqual([5, 5, 10]);
  });

  test('as a layer', () => {
    const y = leakyRelu({ slope: 0.5 }).apply({}, tensor([-2, 2]), rescaling(1));
    expect([...y.dataSync()]).toEqual([-1, 2]);
    expect(
      leakyRelu()
        .apply({}, tensor([-1]), rescaling(1))
        .dataSync()[0],
    ).toBeCloseTo(-0.01, 7);
  });

  test('leaves nothing behind, forward and backward', async () => {
    const x = distinct([2, 3]);
    await withoutLeak(() => applyLeakyRelu(x).dispose());
    await withoutLeak(() => dispose(grads((input: Tensor) => weighted(applyLeakyRelu(input)))([x])));
    x.dispose();
  });
});

test.each([-0.1, 1.1, Number.NaN])('refuses slope %f', (slope) => {
  const message = `leakyRelu: slope: got ${slope}, expected a number in [0, 1].`;
  expect(() => leakyRelu({ slope })).toThrow(message);
  expect(() => applyLeakyRelu(tensor([1]), slope)).toThrow(message);
});
