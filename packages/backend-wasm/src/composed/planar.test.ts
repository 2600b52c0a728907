import type { Rng } from '@sshn/core';
import { conv2d, depthwiseConv2d, ones, type Tensor, type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compare, normal, run, withComposedKernels } from './testing/kernels.js';

type Shape4D = [number, number, number, number];

const geometry = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    height: fc.integer({ min: 1, max: 9 }),
    width: fc.integer({ min: 1, max: 9 }),
    edge: fc.integer({ min: 1, max: 4 }),
    inChannels: fc.constantFrom(1, 2, 7, 9, 12),
    outChannels: fc.integer({ min: 1, max: 5 }),
    strides: fc.integer({ min: 1, max: 3 }),
    pad: fc.constantFrom('same' as const, 'valid' as const),
    seed: fc.nat(),
  })
  .filter(({ pad, height, width, edge }) => pad === 'same' || Math.min(height, width) >= edge);

type Geometry = typeof geometry extends fc.Arbitrary<infer G> ? G : never;

withComposedKernels();

/** x, filter and dy that fit, in the given layout. */
function sample(g: Geometry, rng: Rng, depthwise: boolean) {
  const x = normal(rng, [g.batch, g.height, g.width, g.inChannels]) as Tensor4D;
  const multiplier = Math.min(g.outChannels, 2);
  const filterShape: Shape4D = [g.edge, g.edge, g.inChannels, depthwise ? multiplier : g.outChannels];
  const filter = normal(rng, filterShape) as Tensor4D;
  const y = depthwise ? depthwiseConv2d(x, filter, g.strides, g.pad) : conv2d(x, filter, g.strides, g.pad);
  return { x, filter, filterShape, dy: normal(rng, y.shape) };
}

const kernels: Array<[name: string, depthwise: boolean, of: 'input' | 'filter']> = [
  ['Conv2DBackpropFilter', false, 'filter'],
  ['Conv2DBackpropInput', false, 'input'],
  ['DepthwiseConv2dNativeBackpropFilter', true, 'filter'],
  ['DepthwiseConv2dNativeBackpropInput', true, 'input'],
];

describe.each(kernels)('%s', (kernel, depthwise, of) => {
  const gradient =
    (g: Geometry) =>
    (rng: Rng): Tensor =>
      tidy(() => {
        const { x, filter, filterShape, dy } = sample(g, rng, depthwise);
        const layout = { strides: g.strides, pad: g.pad, dataFormat: 'NHWC', dilations: 1 };
        return of === 'filter'
          ? run(kernel, { x, dy }, { ...layout, filterShape })
          : run(kernel, { dy, filter }, { ...layout, inputShape: x.shape });
      });

  test('is what the cpu backend computes', async () => {
    const property = fc.asyncProperty(geometry, async (g) => {
      const { error, shapes } = await compare(g.seed, gradient(g));
      expect(shapes[0]).toEqual(shapes[1]);
      expect(error).toBeLessThan(1e-4);
    });
    await fc.assert(property, { numRuns: 60 });
  });

  test('of one pixel', async () => {
    const sizes = { batch: 1, height: 1, width: 1, edge: 3, inChannels: 1, outChannels: 1 } as const;
    const one = gradient({ ...sizes, strides: 1, pad: 'same', seed: 7 });
    expect((await compare(7, one)).error).toBeLessThan(1e-6);
  });
});

test('channels first are refused', () => {
  const x = ones([1, 1, 3, 3]);
  expect(() =>
    run(
      'Conv2DBackpropFilter',
      { x, dy: x },
      { strides: 1, pad: 'same', dataFormat: 'NCHW', filterShape: [1, 1, 1, 1] },
    ),
  ).toThrow(
    'Conv2DBackpropFilter on wasm: dataFormat: got "NCHW", expected \'NHWC\'. ' +
      'Transpose [batch, channels, height, width] data first.',
  );
});
