import { dispose, tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';

import { conv, convGradInput, convGradKernel } from './conv.js';
import { type ConvGeometry, convGeometry } from './conv-geometry.js';
import type { NativeKernels } from './index.js';
import { crossEntropy } from './losses.js';
import { sizeOf } from './module.js';
import { convGradBias, leakyReluGrad } from './pointwise.js';
import { nativeForTests, noise, take } from './testing/native.js';
import { referenceConv } from './testing/reference-conv.js';

let native: NativeKernels;
beforeAll(async () => {
  native = await nativeForTests();
});

const STEP = 1e-6;

/** The gradient of a double-precision function at `values` by central differences. */
function differences(values: Float32Array, f: (values: Float64Array) => number): Float64Array {
  const at = Float64Array.from(values);
  return at.map((value, i) => {
    at[i] = value + STEP;
    const above = f(at);
    at[i] = value - STEP;
    const below = f(at);
    at[i] = value;
    return (above - below) / (2 * STEP);
  });
}

/** Largest difference in units of the largest entry, or of 1 where all are smaller. */
function expectClose(got: Float32Array, expected: Float64Array): void {
  const scale = expected.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
  const worst = expected.reduce((most, v, i) => Math.max(most, Math.abs(v - got[i]!)), 0);
  expect(got).toHaveLength(expected.length);
  expect(worst / scale).toBeLessThan(2e-5);
}

const dot = (a: ArrayLike<number>, b: Float32Array): number => b.reduce((sum, v, i) => sum + v * a[i]!, 0);
const edge = fc.constantFrom(1, 3, 5);
const small = fc.integer({ min: 1, max: 4 });

it('gradients of convolution, bias and rectifier are those of a reference in double precision', () => {
  const shapes = fc.record({
    x: fc.tuple(fc.integer({ min: 1, max: 2 }), small, small),
    edges: fc.tuple(edge, edge),
    channels: fc.tuple(small, fc.integer({ min: 1, max: 9 })),
    slope: fc.constantFrom(0.1, 1),
  });
  fc.assert(
    fc.property(shapes, ({ x: sizes, edges, channels, slope }) => {
      const xShape = [...sizes, channels[0]];
      const kernelShape = [...edges, ...channels];
      const geometry: ConvGeometry = convGeometry(xShape, kernelShape);
      const yShape = [...sizes, channels[1]];
      const [xs, ks, bs, ws] = [xShape, kernelShape, [channels[1]], yShape].map((shape, i) =>
        noise(sizeOf(shape), i + 1),
      ) as [Float32Array, Float32Array, Float32Array, Float32Array];
      const loss = (x: ArrayLike<number>, k: ArrayLike<number>, b: ArrayLike<number>): number =>
        dot(referenceConv(geometry, x, k, b, slope), ws);

      const [x, kernel, bias, weights] = [
        tensor(xs, xShape),
        tensor(ks, kernelShape),
        tensor(bs),
        tensor(ws, yShape),
      ];
      const y = conv(native, x, kernel, { bias, slope });
      const dy = leakyReluGrad(native, { dy: weights, y }, { slope });
      expectClose(
        take(convGradInput(native, dy, kernel)),
        differences(xs, (at) => loss(at, ks, bs)),
      );
      expectClose(
        take(convGradKernel(native, x, dy, edges)),
        differences(ks, (at) => loss(xs, at, bs)),
      );
      expectClose(
        take(convGradBias(native, dy)),
        differences(bs, (at) => loss(xs, ks, at)),
      );
      take(y);
      take(dy);
      dispose([x, kernel, bias, weights]);
    }),
    { numRuns: 100 },
  );
});

it('the gradient of cross-entropy is that of a reference in double precision', () => {
  const shapes = fc.record({
    pixels: fc.integer({ min: 1, max: 9 }),
    labels: fc.integer({ min: 2, max: 7 }),
  });
  fc.assert(
    fc.property(shapes, ({ pixels, labels }) => {
      const zs = noise(pixels * labels, 1);
      const truth = Int32Array.from({ length: pixels }, (_, i) => (i * 5) % labels);
      const loss = (z: Float64Array): number => {
        let sum = 0;
        for (let i = 0; i < pixels; i++) {
          const row = z.subarray(i * labels, (i + 1) * labels);
          sum += Math.log(row.reduce((total, v) => total + Math.exp(v), 0)) - row[truth[i]!]!;
        }
        return sum / pixels;
      };
      const logits = tensor(zs, [pixels, labels]);
      const target = tensor(truth, [pixels], 'int32');
      const [value, gradient] = crossEntropy(native, { logits, labels: target }).map(take);
      expect(value![0]).toBeCloseTo(loss(Float64Array.from(zs)), 5);
      expectClose(gradient!, differences(zs, loss));
      dispose([logits, target]);
    }),
    { numRuns: 100 },
  );
});
