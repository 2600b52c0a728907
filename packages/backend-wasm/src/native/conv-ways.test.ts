import { tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import { convDirect, convKernelGradientDirect } from './conv-direct.js';
import { convKernelGradientWinograd, convWinograd } from './conv-winograd.js';
import { type ConvGeometry, pixelCount, tapCount, transposed } from './geometry.js';
import type { NativeKernels } from './index.js';
import { nativeForTests, noise, take } from './testing/native.js';
import {
  referenceConv,
  referenceGradInput,
  referenceGradKernel,
  relativeError,
} from './testing/reference-conv.js';
import { enableRelaxedSimd } from './testing/relaxed.js';

let native: NativeKernels;

const builds = [
  { build: 'fixed SIMD', relaxed: false, share: 1 },
  { build: 'relaxed SIMD', relaxed: true, share: 0.3 },
];
const hasRelaxed = enableRelaxedSimd();

/** Errors of one way to convolve: forward, to the input, to the kernel. */
function errors(
  g: ConvGeometry,
  slope: number,
  way: { forward: typeof convDirect; toKernel: typeof convKernelGradientDirect },
): number[] {
  const xs = noise(pixelCount(g) * g.inChannels, 1);
  const kernels = noise(tapCount(g) * g.inChannels * g.outChannels, 2);
  const biases = noise(g.outChannels, 3);
  const dys = noise(pixelCount(g) * g.outChannels, 4);
  const tensors = [xs, kernels, biases, dys].map((values) => tensor(values));
  const [x, kernel, bias, dy] = tensors.map((t) => native.address(t)) as [number, number, number, number];
  const y = native.output([dys.length]);
  way.forward(native, g, { x, kernel, isGradient: false, bias, y: native.address(y), slope });
  const dx = native.output([xs.length]);
  const back = { x: dy, kernel, isGradient: true, bias: 0, y: native.address(dx), slope: 1 };
  way.forward(native, transposed(g), back);
  const dkernel = native.output([kernels.length]);
  way.toKernel(native, g, { x, dy, out: native.address(dkernel) });
  for (const t of tensors) t.dispose();
  return [
    relativeError(take(y), referenceConv(g, xs, kernels, biases, slope)),
    relativeError(take(dx), referenceGradInput(g, dys, kernels)),
    relativeError(take(dkernel), referenceGradKernel(g, xs, dys)),
  ];
}

const direct = { forward: convDirect, toKernel: convKernelGradientDirect };
const winograd = { forward: convWinograd, toKernel: convKernelGradientWinograd };

const size = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });
const channels = fc.oneof({ weight: 3, arbitrary: size(8) }, fc.constantFrom(16, 25, 33));

const geometries: fc.Arbitrary<ConvGeometry> = fc
  .record({
    isFlat: fc.boolean(),
    batch: size(3),
    sizes: fc.tuple(size(3), size(9), size(13)),
    in: channels,
    out: channels,
  })
  .map((g) => ({
    batch: g.batch,
    depth: g.isFlat ? 1 : g.sizes[0],
    height: g.sizes[1],
    width: g.sizes[2],
    inChannels: g.in,
    outChannels: g.out,
    kernelDepth: g.isFlat ? 1 : 3,
    kernelHeight: 3,
    kernelWidth: 3,
  }));

for (const { build, relaxed, share } of builds) {
  describe.skipIf(relaxed && !hasRelaxed)(`ways to convolve with ${build}`, () => {
    beforeAll(async () => {
      native = await nativeForTests({ relaxed });
      expect(native.isRelaxed).toBe(relaxed);
    });

    it('direct sums stay within 1e-6 of the largest output', () => {
      fc.assert(
        fc.property(geometries, fc.constantFrom(0.2, 1), (g, slope) => {
          expect(Math.max(...errors(g, slope, direct))).toBeLessThanOrEqual(1e-6);
        }),
        { numRuns: 400 * share },
      );
    });

    it('Winograd stays within 1e-4, and within 1e-5 in the median', () => {
      const all: number[] = [];
      fc.assert(
        fc.property(geometries, fc.constantFrom(0.2, 1), (g, slope) => {
          const found = errors(g, slope, winograd);
          all.push(...found);
          expect(Math.max(...found), JSON.stringify([g, found])).toBeLessThanOrEqual(1e-4);
        }),
        { numRuns: 700 * share },
      );
      all.sort((a, b) => a - b);
      expect(all[all.length >> 1]).toBeLessThanOrEqual(1e-5);
    });

    it('Winograd gathers many tiles over several blocks and slots', () => {
      const g = {
        batch: 2,
        depth: 1,
        height: 66,
        width: 61,
        kernelDepth: 1,
        kernelHeight: 3,
        kernelWidth: 3,
      };
      expect(Math.max(...errors({ ...g, inChannels: 20, outChannels: 12 }, 0.1, winograd))).toBeLessThan(
        2e-5,
      );
    });
  });
}
