import { Rng } from '@sshn/core';
import { backends, useBackend } from '@sshn-internal/testing';
import { conv2d, mul, sum, type Tensor4D, tensor4d, tidy } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { conv2dFilterGradient, conv2dInputGradient } from './conv2d.js';

const geometry = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  height: fc.integer({ min: 1, max: 9 }),
  width: fc.integer({ min: 1, max: 9 }),
  kernelHeight: fc.integer({ min: 1, max: 4 }),
  kernelWidth: fc.integer({ min: 1, max: 4 }),
  // On both sides of the change from a product to a convolution.
  inChannels: fc.constantFrom(1, 2, 3, 8, 9, 12),
  outChannels: fc.integer({ min: 1, max: 5 }),
  pad: fc.constantFrom('same' as const, 'valid' as const),
  steps: fc.constantFrom(
    { strides: 1, dilations: 1 },
    { strides: 2, dilations: 1 },
    { strides: 1, dilations: 2 },
  ),
  seed: fc.nat(),
});

const random = (rng: Rng, shape: [number, number, number, number]): Tensor4D =>
  tensor4d(
    Float32Array.from({ length: shape.reduce((product, n) => product * n) }, () => rng.normal()),
    shape,
  );

/** ⟨conv(x, w), dy⟩ is linear in x and in w, so both gradients reproduce it. */
describe.each(backends)('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('both gradients are adjoint to the convolution', () => {
    const adjoint = fc.property(geometry, (g) => {
      const { strides, dilations } = g.steps;
      const reach = {
        height: (g.kernelHeight - 1) * dilations + 1,
        width: (g.kernelWidth - 1) * dilations + 1,
      };
      fc.pre(g.pad === 'same' || (g.height >= reach.height && g.width >= reach.width));
      // Stock wasm convolves wrongly where a stride exceeds one edge of the kernel only.
      fc.pre(Math.min(g.kernelHeight, g.kernelWidth) >= strides || g.kernelHeight === g.kernelWidth);
      const rng = Rng.fromSeed(g.seed);
      tidy(() => {
        const x = random(rng, [g.batch, g.height, g.width, g.inChannels]);
        const filter = random(rng, [g.kernelHeight, g.kernelWidth, g.inChannels, g.outChannels]);
        const y = conv2d(x, filter, strides, g.pad, 'NHWC', dilations);
        const dy = random(rng, y.shape);
        const layout = { strides, pad: g.pad, dilations };
        const dx = conv2dInputGradient(dy, filter, x.shape, layout);
        const dFilter = conv2dFilterGradient(x, dy, filter.shape, layout);
        expect(dx.shape).toEqual(x.shape);
        expect(dFilter.shape).toEqual(filter.shape);
        const product = (a: Tensor4D, b: Tensor4D) => sum(mul(a, b)).dataSync()[0]!;
        // Against other points of the two linear maps than those that were differentiated at.
        const [otherX, otherFilter] = [random(rng, x.shape), random(rng, filter.shape)];
        const scale = 1e-4 * Math.sqrt(y.size * filter.size);
        const alongX = product(conv2d(otherX, filter, strides, g.pad, 'NHWC', dilations), dy);
        const alongFilter = product(conv2d(x, otherFilter, strides, g.pad, 'NHWC', dilations), dy);
        expect(Math.abs(product(dx, otherX) - alongX)).toBeLessThan(scale);
        expect(Math.abs(product(dFilter, otherFilter) - alongFilter)).toBeLessThan(scale);
      });
    });
    fc.assert(adjoint, { numRuns: 150 });
  });
});
