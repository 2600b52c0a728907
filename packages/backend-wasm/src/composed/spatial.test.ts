import { Rng } from '@sshn/core';
import { convolutions3d } from '@sshn-internal/testing';
import { conv3d, mul, sum, type Tensor, type Tensor5D, tidy } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compare, normal, run, withComposedKernels } from './testing/kernels.js';

type Geometry = typeof convolutions3d extends fc.Arbitrary<infer G> ? G : never;

withComposedKernels();

const shapes = (g: Geometry) => ({
  x: [g.batch, ...g.size, g.inChannels],
  filter: [...g.edges, g.inChannels, g.outChannels],
});

const forward = (x: Tensor, filter: Tensor, { steps, pad }: Geometry): Tensor =>
  conv3d(x as Tensor5D, filter as Tensor5D, steps.strides, pad, 'NDHWC', steps.dilations);

test('Conv3D is what the cpu backend computes', async () => {
  const property = fc.asyncProperty(convolutions3d, async (g) => {
    const { error, shapes: results } = await compare(g.seed, (rng) =>
      tidy(() => forward(normal(rng, shapes(g).x), normal(rng, shapes(g).filter), g)),
    );
    expect(results[0]).toEqual(results[1]);
    expect(error).toBeLessThan(1e-4);
  });
  await fc.assert(property, { numRuns: 60 });
});

// Not against the cpu backend: its own kernels are wrong for strides and for filters that are no cubes.
test('Conv3DBackpropInputV2 and Conv3DBackpropFilterV2 are adjoint to the convolution', () => {
  const property = fc.property(convolutions3d, (g) => {
    fc.pre(g.steps.dilations === 1);
    const rng = Rng.fromSeed(g.seed);
    tidy(() => {
      const [x, otherX] = [normal(rng, shapes(g).x), normal(rng, shapes(g).x)];
      const [filter, otherFilter] = [normal(rng, shapes(g).filter), normal(rng, shapes(g).filter)];
      const dy = normal(rng, forward(x, filter, g).shape);
      const layout = { strides: g.steps.strides, pad: g.pad };
      const dx = run('Conv3DBackpropInputV2', { dy, filter }, { ...layout, inputShape: x.shape });
      const dFilter = run('Conv3DBackpropFilterV2', { x, dy }, { ...layout, filterShape: filter.shape });
      expect(dx.shape).toEqual(x.shape);
      expect(dFilter.shape).toEqual(filter.shape);
      const product = (a: Tensor, b: Tensor) => sum(mul(a, b)).dataSync()[0]!;
      const tolerance = 1e-4 * Math.sqrt(dy.size * filter.size);
      expect(Math.abs(product(dx, otherX) - product(forward(otherX, filter, g), dy))).toBeLessThan(tolerance);
      expect(Math.abs(product(dFilter, otherFilter) - product(forward(x, otherFilter, g), dy))).toBeLessThan(
        tolerance,
      );
    });
  });
  fc.assert(property, { numRuns: 60 });
});
