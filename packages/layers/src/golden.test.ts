import { registerGradients } from '@sshn/core';
import { backends, goldenCases, useBackend } from '@sshn-internal/testing';
import { grads, mul, sum, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { applyConvolution } from './convolution/operation.js';
import { resizeLinear } from './resize/operation.js';

interface Values {
  readonly shape: number[];
  readonly data: number[];
}

interface ConvolutionCase {
  readonly x: Values;
  readonly w: Values;
  readonly b: Values;
  readonly y: Values;
  readonly dy: Values;
  readonly dx: Values;
  readonly dw: Values;
  readonly db: Values;
}

interface ResizeCase {
  readonly x: Values;
  readonly size: number[];
  readonly y: Values;
  readonly dy: Values;
  readonly dx: Values;
}

const asTensor = ({ shape, data }: Values): Tensor => tensor(data, shape, 'float32');

/** Largest difference relative to the largest value; the vectors are rounded to six decimals. */
function expectClose(got: Tensor, want: Values): void {
  expect(got.shape).toEqual(want.shape);
  const values = got.dataSync();
  const scale = Math.max(...want.data.map(Math.abs), 0.1);
  const worst = Math.max(...want.data.map((value, i) => Math.abs(value - values[i]!)));
  expect(worst / scale).toBeLessThan(1e-5);
}

const convolutions = goldenCases<ConvolutionCase>('conv.json');
const resizes2d = goldenCases<ResizeCase>('resize2d.json');
const resizes3d = goldenCases<ResizeCase>('resize3d.json');

describe.each(backends)('golden vectors on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test.skipIf(convolutions === undefined)('convolution, forward and gradients', () => {
    for (const { x, w, b, y, dy, dx, dw, db } of convolutions!) {
      const inputs = [x, w, b].map(asTensor) as [Tensor, Tensor, Tensor];
      expectClose(applyConvolution(...inputs), y);
      const weighted = (...args: Tensor[]) =>
        sum(mul(applyConvolution(...(args as [Tensor, Tensor, Tensor])), asTensor(dy)));
      const gradients = grads(weighted as never)(inputs);
      [dx, dw, db].forEach((want, i) => expectClose(gradients[i]!, want));
    }
  });

  test.skipIf(resizes2d === undefined).each([
    ['2D', resizes2d],
    ['3D', resizes3d],
  ])('%s resize, forward and gradient', (_, cases) => {
    for (const { x, size, y, dy, dx } of cases!) {
      const input = asTensor(x);
      expectClose(resizeLinear(input, size), y);
      const weighted = (arg: Tensor) => sum(mul(resizeLinear(arg, size), asTensor(dy)));
      expectClose(grads(weighted as never)([input])[0]!, dx);
    }
  });
});
