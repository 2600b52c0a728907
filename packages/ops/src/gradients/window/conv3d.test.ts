import { Rng } from '@sshn/core';
import { backends, convolutions3d, useBackend } from '@sshn-internal/testing';
import { abs, conv3d, max, mul, sub, sum, type Tensor5D, tensor5d, tidy, util } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { conv3dBySlices, conv3dFilterGradient, conv3dInputGradient } from './conv3d.js';

type Shape5D = [number, number, number, number, number];

const random = (rng: Rng, shape: Shape5D): Tensor5D =>
  tensor5d(
    Float32Array.from({ length: util.sizeFromShape(shape) }, () => rng.normal()),
    shape,
  );

describe.each(backends)('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('slices give the convolution, and both gradients are adjoint to it', () => {
    const property = fc.property(
      convolutions3d,
      ({ batch, size, edges, inChannels, outChannels, pad, steps, seed }) => {
        const rng = Rng.fromSeed(seed);
        const layout = { ...steps, pad };
        tidy(() => {
          const [x, otherX] = [0, 1].map(() => random(rng, [batch, ...size, inChannels]));
          const [filter, otherFilter] = [0, 1].map(() => random(rng, [...edges, inChannels, outChannels]));
          const stock = (input: Tensor5D, weights: Tensor5D) =>
            conv3d(input, weights, steps.strides, pad, 'NDHWC', steps.dilations);
          const y = conv3dBySlices(x!, filter!, layout);
          expect(y.shape).toEqual(stock(x!, filter!).shape);
          expect(max(abs(sub(y, stock(x!, filter!)))).dataSync()[0]!).toBeLessThan(1e-4);

          const dy = random(rng, y.shape);
          const dx = conv3dInputGradient(dy, filter!, x!.shape, layout);
          const dFilter = conv3dFilterGradient(x!, dy, filter!.shape, layout);
          expect(dx.shape).toEqual(x!.shape);
          expect(dFilter.shape).toEqual(filter!.shape);
          const product = (a: Tensor5D, b: Tensor5D) => sum(mul(a, b)).dataSync()[0]!;
          const tolerance = 1e-4 * Math.sqrt(y.size * filter!.size);
          const alongX = product(stock(otherX!, filter!), dy);
          const alongFilter = product(stock(x!, otherFilter!), dy);
          expect(Math.abs(product(dx, otherX!) - alongX)).toBeLessThan(tolerance);
          expect(Math.abs(product(dFilter, otherFilter!) - alongFilter)).toBeLessThan(tolerance);
        });
      },
    );
    fc.assert(property, { numRuns: 60 });
  });
});
