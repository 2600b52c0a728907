import { goldenCases } from '@sshn-internal/testing';
import { memory, type Tensor, tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { NativeBuild } from './compile.js';
import { conv, convGradInput, convGradKernel, fasterInput, fasterTile } from './conv.js';
import { convDirect, convKernelGradientDirect } from './conv-direct.js';
import { type ConvGeometry, convGeometry, pixelCount, tapCount, transposed } from './conv-geometry.js';
import { convKernelGradientWinograd, convWinograd, type TileEdge } from './conv-winograd.js';
import type { NativeKernels } from './index.js';
import { sizeOf } from './module.js';
import { convGradBias } from './pointwise.js';
import { nativeForTests, noise, take } from './testing/native.js';
import {
  referenceConv,
  referenceGradInput,
  referenceGradKernel,
  relativeError,
} from './testing/reference-conv.js';
import { enableRelaxedSimd } from './testing/relaxed.js';

describe('convolutions', () => {
  let native: NativeKernels;
  beforeAll(async () => {
    native = await nativeForTests();
  });

  /** Input and kernel shapes of a convolution. */
  interface Shapes {
    readonly x: readonly number[];
    readonly kernel: readonly number[];
  }

  const edge = fc.constantFrom(1, 3, 5);
  const channels = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 9 }) },
    fc.constantFrom(25, 32, 33),
  );

  const shapes2d: fc.Arbitrary<Shapes> = fc
    .record({
      batch: fc.integer({ min: 1, max: 4 }),
      size: fc.tuple(fc.integer({ min: 1, max: 13 }), fc.integer({ min: 1, max: 17 })),
      kernel: fc.tuple(edge, edge),
      channels: fc.tuple(channels, channels),
    })
    .map(({ batch, size, kernel, channels }) => ({
      x: [batch, ...size, channels[0]],
      kernel: [...kernel, ...channels],
    }));

  const shapes3d: fc.Arbitrary<Shapes> = fc
    .record({
      size: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 3, maxLength: 3 }),
      kernel: fc.array(fc.constantFrom(1, 3), { minLength: 3, maxLength: 3 }),
      channels: fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
    })
    .map(({ size, kernel, channels }) => ({
      x: [2, ...size, channels[0]],
      kernel: [...kernel, ...channels],
    }));

  const awkward: Shapes[] = [
    { x: [1, 1, 1, 1], kernel: [3, 3, 1, 1] },
    { x: [4, 1, 1, 32], kernel: [3, 3, 32, 32] },
    { x: [1, 1, 7, 3], kernel: [3, 3, 3, 25] },
    { x: [2, 7, 1, 25], kernel: [5, 5, 25, 3] },
    { x: [1, 65, 1, 4], kernel: [1, 7, 4, 33] },
    { x: [3, 33, 31, 3], kernel: [3, 3, 3, 8] },
    { x: [2, 40, 40, 33], kernel: [3, 3, 33, 12] },
  ];

  /** Errors of all passes against the reference, each relative to the largest value. */
  function errors({ x: xShape, kernel: kernelShape }: Shapes, slope: number): Record<string, number> {
    const geometry = convGeometry(xShape, kernelShape);
    const yShape = [...xShape.slice(0, -1), geometry.outChannels];
    const x = tensor(noise(sizeOf(xShape), 1), [...xShape]);
    const kernel = tensor(noise(sizeOf(kernelShape), 2), [...kernelShape]);
    const bias = tensor(noise(geometry.outChannels, 3));
    const dy = tensor(noise(sizeOf(yShape), 4), yShape);
    const [xs, kernels, biases, dys] = [x, kernel, bias, dy].map((t) => t.dataSync()) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const sums = new Float64Array(geometry.outChannels);
    for (let i = 0; i < pixelCount(geometry) * geometry.outChannels; i++) {
      sums[i % geometry.outChannels]! += dys[i]!;
    }
    const result = {
      y: relativeError(
        take(conv(native, x, kernel, { bias, slope })),
        referenceConv(geometry, xs, kernels, biases, slope),
      ),
      dx: relativeError(take(convGradInput(native, dy, kernel)), referenceGradInput(geometry, dys, kernels)),
      dkernel: relativeError(
        take(convGradKernel(native, x, dy, kernelShape.slice(0, -2))),
        referenceGradKernel(geometry, xs, dys),
      ),
      dbias: relativeError(take(convGradBias(native, dy)), sums),
    };
    for (const t of [x, kernel, bias, dy]) t.dispose();
    return result;
  }

  /** Winograd's; what direct sums keep to is tested beside them. */
  const TOLERANCE = 1e-5;

  function expectRight(shapes: Shapes, slope: number): void {
    for (const [pass, error] of Object.entries(errors(shapes, slope))) {
      expect(error, `${pass} of ${JSON.stringify(shapes)}`).toBeLessThanOrEqual(TOLERANCE);
    }
  }

  describe('native convolution', () => {
    it.each(awkward)('is right for x $x, kernel $kernel', (shapes) => {
      expectRight(shapes, 0.2);
    });

    it('is right for random shapes in two dimensions', () => {
      fc.assert(
        fc.property(shapes2d, fc.constantFrom(0, 0.1, 1), (shapes, slope) => expectRight(shapes, slope)),
        { numRuns: 500 },
      );
    });

    it('is right for random shapes in three dimensions', () => {
      fc.assert(
        fc.property(shapes3d, (shapes) => expectRight(shapes, 1)),
        { numRuns: 300 },
      );
    });

    it('gives the same bits every time', () => {
      const x = tensor(noise(4 * 20 * 20 * 32, 5), [4, 20, 20, 32]);
      const dy = tensor(noise(4 * 20 * 20 * 32, 6), [4, 20, 20, 32]);
      const once = take(convGradKernel(native, x, dy, [3, 3]));
      for (let i = 0; i < 3; i++) expect(take(convGradKernel(native, x, dy, [3, 3]))).toEqual(once);
      x.dispose();
      dy.dispose();
    });

    it('keeps the arena and the tfjs heap as they are over 1000 calls', () => {
      const x = tensor(noise(2 * 9 * 9 * 8, 7), [2, 9, 9, 8]);
      const kernel = tensor(noise(9 * 8 * 8, 8), [3, 3, 8, 8]);
      const pass = (): void => {
        take(conv(native, x, kernel));
        take(convGradInput(native, x, kernel));
        take(convGradKernel(native, x, x, [3, 3]));
      };
      pass();
      const before = {
        arena: native.arenaBytes,
        heap: native.words().length,
        tensors: memory().numDataBuffers,
      };
      for (let i = 0; i < 1000; i++) pass();
      expect({
        arena: native.arenaBytes,
        heap: native.words().length,
        tensors: memory().numDataBuffers,
      }).toEqual(before);
      x.dispose();
      kernel.dispose();
    });

    it('says what does not fit', () => {
      const x = tensor(noise(4, 9), [1, 2, 2, 1]);
      const even = tensor(noise(4, 9), [2, 2, 1, 1]);
      expect(() => conv(native, x, even)).toThrow(
        'Native convolution: input [1, 2, 2, 1] does not fit kernel [2, 2, 1, 1]',
      );
      x.dispose();
      even.dispose();
    });
  });

  interface GoldenTensor {
    readonly shape: number[];
    readonly data: number[];
  }
  type GoldenCase = Record<'x' | 'w' | 'b' | 'y' | 'dy' | 'dx' | 'dw' | 'db', GoldenTensor>;

  const golden = goldenCases<GoldenCase>('conv.json');

  describe.skipIf(golden === undefined)('golden vectors of convolution', () => {
    it.each(golden ?? [])('case %#', (expected) => {
      const of = ({ shape, data }: GoldenTensor): Tensor => tensor(data, shape);
      const [x, kernel, bias, dy] = [
        of(expected.x),
        of(expected.w),
        of(expected.b),
        of(expected.dy),
      ] as const;
      const close = (got: Float32Array, { data }: GoldenTensor): void =>
        expect(relativeError(got, data)).toBeLessThan(5e-6);
      close(take(conv(native, x, kernel, { bias })), expected.y);
      close(take(convGradInput(native, dy, kernel)), expected.dx);
      close(take(convGradKernel(native, x, dy, expected.w.shape.slice(0, -2))), expected.dw);
      close(take(convGradBias(native, dy)), expected.db);
      for (const t of [x, kernel, bias, dy]) t.dispose();
    });
  });
});

describe('ways to convolve', () => {
  let native: NativeKernels;

  const builds: readonly { build: NativeBuild; share: number }[] = [
    { build: 'fixed', share: 1 },
    { build: 'relaxed', share: 0.3 },
    { build: 'wide', share: 0.3 },
  ];
  const hasRelaxed = enableRelaxedSimd();

  /** Errors of one way to convolve: forward, to the input, to the kernel. */
  function errors(
    g: ConvGeometry,
    slope: number,
    way: { forward: typeof convDirect; toKernel?: typeof convKernelGradientDirect },
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
    const found = [
      relativeError(take(y), referenceConv(g, xs, kernels, biases, slope)),
      relativeError(take(dx), referenceGradInput(g, dys, kernels)),
    ];
    if (way.toKernel !== undefined) {
      const dkernel = native.output([kernels.length]);
      way.toKernel(native, g, { x, dy, out: native.address(dkernel) });
      found.push(relativeError(take(dkernel), referenceGradKernel(g, xs, dys)));
    }
    for (const t of tensors) t.dispose();
    return found;
  }

  const direct = { forward: convDirect, toKernel: convKernelGradientDirect };
  const tiled =
    (tile: TileEdge): typeof convDirect =>
    (native, g, operands) =>
      convWinograd(native, g, operands, tile);
  const winograd = { forward: tiled(4), toKernel: convKernelGradientWinograd };
  const largeTiles = { forward: tiled(6) };

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

  /** Taps that are gathered: few channels, kernels of any odd edges, images narrower than they. */
  const fewChannels: fc.Arbitrary<ConvGeometry> = fc
    .tuple(
      geometries,
      size(2),
      fc.tuple(fc.constantFrom(1, 3), fc.constantFrom(1, 3, 5, 7), fc.constantFrom(3, 5, 7)),
    )
    .map(([g, inChannels, [kernelDepth, kernelHeight, kernelWidth]]) => ({
      ...g,
      inChannels,
      kernelDepth,
      kernelHeight,
      kernelWidth,
    }));

  it('gathers the taps of few channels in the build that is made for products, where that is faster', () => {
    const way = (build: NativeBuild, inChannels: number, outChannels: number) =>
      fasterInput(
        { largeTiles: true, build },
        convGeometry([1, 96, 90, inChannels], [3, 3, inChannels, outChannels]),
      );
    expect(way('wide', 1, 32)).toBe(convDirect);
    expect(way('wide', 3, 32)).toBe(convDirect);
    for (const other of [way('wide', 4, 8), way('wide', 8, 32), way('fixed', 1, 32)])
      expect(other).not.toBe(convDirect);
  });

  it('takes tiles of 6 × 6 for large maps, unless told to keep to 4 × 4', async () => {
    const large = convGeometry([1, 96, 90, 8], [3, 3, 8, 8]);
    const small = { ...large, height: 16, width: 16 };
    expect(fasterTile({ largeTiles: true }, large)).toBe(6);
    expect(fasterTile({ largeTiles: true }, small)).toBe(4);
    expect(fasterTile({ largeTiles: false }, large)).toBe(4);

    const [xs, kernels] = [noise(96 * 90 * 8, 1), noise(9 * 8 * 8, 2)];
    const results: Float32Array[] = [];
    for (const largeTiles of [true, false]) {
      native = await nativeForTests({ largeTiles });
      const [x, kernel] = [tensor(xs, [1, 96, 90, 8]), tensor(kernels, [3, 3, 8, 8])];
      results.push(take(conv(native, x, kernel)));
      x.dispose();
      kernel.dispose();
    }
    const wanted = referenceConv(large, xs, kernels, new Float32Array(8), 1);
    const [error6 = 1, error4 = 1] = results.map((values) => relativeError(values, wanted));
    expect(error4).toBeLessThan(error6);
    expect(error6).toBeLessThan(2e-5);
  });

  for (const { build, share } of builds) {
    describe.skipIf(build !== 'fixed' && !hasRelaxed)(`ways to convolve with the build '${build}'`, () => {
      beforeAll(async () => {
        native = await nativeForTests({ build });
        expect(native.build).toBe(build);
      });

      it('direct sums stay within 1e-6 of the largest output', () => {
        fc.assert(
          fc.property(geometries, fc.constantFrom(0.2, 1), (g, slope) => {
            expect(Math.max(...errors(g, slope, direct))).toBeLessThanOrEqual(1e-6);
          }),
          { numRuns: 400 * share },
        );
        fc.assert(
          fc.property(fewChannels, fc.constantFrom(0.2, 1), (g, slope) => {
            expect(Math.max(...errors(g, slope, { forward: convDirect }))).toBeLessThanOrEqual(1e-6);
          }),
          { numRuns: 200 * share },
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

      it('Winograd of 6 × 6 tiles stays within 1e-4, and within 3e-5 in the median', () => {
        const all: number[] = [];
        fc.assert(
          fc.property(geometries, fc.constantFrom(0.2, 1), (g, slope) => {
            const found = errors(g, slope, largeTiles);
            all.push(...found);
            expect(Math.max(...found), JSON.stringify([g, found])).toBeLessThanOrEqual(1e-4);
          }),
          { numRuns: 250 * share },
        );
        all.sort((a, b) => a - b);
        expect(all[all.length >> 1]).toBeLessThanOrEqual(3e-5);
        const flat = { batch: 1, depth: 1, kernelDepth: 1, kernelHeight: 3, kernelWidth: 3 };
        const wide = { ...flat, height: 10, width: 11, inChannels: 128, outChannels: 8 };
        expect(Math.max(...errors(wide, 1, largeTiles))).toBeLessThanOrEqual(3e-5);
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
        for (const way of [winograd, largeTiles])
          expect(Math.max(...errors({ ...g, inChannels: 20, outChannels: 12 }, 0.1, way))).toBeLessThan(2e-5);
      });

      it.each([
        { threads: 1, depth: 19, inChannels: 2, outChannels: 3 },
        { threads: 1, depth: 9, inChannels: 9, outChannels: 12 },
        { threads: 4, depth: 11, inChannels: 9, outChannels: 12 },
        { threads: 4, depth: 17, inChannels: 2, outChannels: 3 },
      ])(
        'Winograd of volumes takes blocks of slices: $depth of them, $threads threads',
        async ({ threads, ...sizes }) => {
          native = await nativeForTests({ build, threads });
          const g = {
            ...sizes,
            batch: 2,
            height: 9,
            width: 10,
            kernelDepth: 3,
            kernelHeight: 3,
            kernelWidth: 3,
          };
          for (const way of [winograd, largeTiles])
            expect(Math.max(...errors(g, 0.1, way))).toBeLessThan(2e-5);
        },
      );
    });
  }
});
