import { applyJoinedConvolution, interpolationMatrix, registerGradients } from '@sshn/ops';
import { getBackend, grads, memory, type Tensor, tensor } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NativeBuild } from './compile.js';
import { convGeometry } from './conv-geometry.js';
import { convJoin, convJoinGrad } from './conv-join.js';
import { type NativeKernels, registerNativeKernels, unregisterNativeKernels } from './index.js';
import { sizeOf } from './module.js';
import { nativeForTests, noise, take } from './testing/native.js';
import {
  referenceConv,
  referenceGradInput,
  referenceGradKernel,
  relativeError,
} from './testing/reference-conv.js';
import { enableRelaxedSimd } from './testing/relaxed.js';

/** Height and width, of volumes the depth before them. */
type Size = readonly number[];

interface Sizes {
  readonly batch: number;
  readonly low: Size;
  readonly size: Size;
  readonly channels: readonly [low: number, skip: number, out: number];
}

/** Each image's `[...from, channels]` by one matrix per axis, and the transpose, in double precision. */
function interpolated(
  x: ArrayLike<number>,
  batch: number,
  [from, to]: readonly [Size, Size],
  channels: number,
) {
  const along = (values: ArrayLike<number>, axis: number, isDown: boolean) => {
    const matrix = interpolationMatrix(from[axis]!, to[axis]!);
    const [source, target] = isDown ? [to, from] : [from, to];
    const outer = batch * sizeOf(target.slice(0, axis));
    const inner = channels * sizeOf(source.slice(axis + 1));
    const result = new Float64Array(outer * target[axis]! * inner);
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < source[axis]!; i++)
        for (let j = 0; j < target[axis]!; j++) {
          const weight = matrix[isDown ? i * from[axis]! + j : j * from[axis]! + i]!;
          if (weight === 0) continue;
          for (let c = 0; c < inner; c++)
            result[(o * target[axis]! + j) * inner + c]! +=
              weight * (values[(o * source[axis]! + i) * inner + c] ?? 0);
        }
    return result;
  };
  const through = (isDown: boolean) =>
    from.reduce<ArrayLike<number>>((values, _, axis) => along(values, axis, isDown), x) as Float64Array;
  return { up: through(false), down: through(true) };
}

/** Channels of pixels, `parts` side by side. */
function split(values: ArrayLike<number>, [first, second]: readonly [number, number]) {
  const pixels = values.length / (first + second);
  const part = (begin: number, count: number) =>
    Float64Array.from(
      { length: pixels * count },
      (_, i) => values[Math.floor(i / count) * (first + second) + begin + (i % count)]!,
    );
  return [part(0, first), part(first, second)] as const;
}

function joined(a: ArrayLike<number>, b: ArrayLike<number>, [first, second]: readonly [number, number]) {
  const total = first + second;
  return Float64Array.from({ length: (a.length / first) * total }, (_, i) => {
    const pixel = Math.floor(i / total);
    const channel = i % total;
    return channel < first ? a[pixel * first + channel]! : b[pixel * second + channel - first]!;
  });
}

const builds: readonly NativeBuild[] = enableRelaxedSimd() ? ['fixed', 'relaxed', 'wide'] : ['fixed'];

describe.each(builds)("the convolution of joined features, build '%s'", (build) => {
  let native: NativeKernels;
  beforeAll(async () => {
    native = await nativeForTests({ build });
  });

  /** Errors of the value and of all gradients against double precision, each relative to the largest value. */
  function errors({ batch, low, size, channels }: Sizes, way?: 'apart' | 'whole') {
    const [lowChannels, skipChannels, out] = channels;
    const parts = [lowChannels, skipChannels] as const;
    const shapes = {
      low: [batch, ...low, lowChannels],
      skip: [batch, ...size, skipChannels],
      kernel: [...size.map(() => 3), lowChannels + skipChannels, out],
      bias: [out],
      dy: [batch, ...size, out],
    };
    const values = Object.values(shapes).map((shape, i) => noise(sizeOf(shape), i + 1));
    const tensors = Object.values(shapes).map((shape, i) => tensor(values[i]!, shape));
    const [a, b, k, c, dy] = tensors as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const [lows, skips, kernels, biases, dys] = values as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const x = joined(interpolated(lows, batch, [low, size], lowChannels).up, skips, parts);
    const g = convGeometry([batch, ...size, lowChannels + skipChannels], shapes.kernel);
    const [dUp, dSkip] = split(referenceGradInput(g, dys, kernels), parts);
    const y = take(convJoin(native, { low: a, skip: b, kernel: k, bias: c }, 0.1, way));
    const [toLow, toSkip, toKernel] = convJoinGrad(native, dy, { low: a, skip: b, kernel: k }, way).map(take);
    for (const t of tensors) t.dispose();
    return {
      y: relativeError(y, referenceConv(g, x, kernels, biases, 0.1)),
      low: relativeError(toLow!, interpolated(dUp, batch, [low, size], lowChannels).down),
      skip: relativeError(toSkip!, dSkip),
      kernel: relativeError(toKernel!, referenceGradKernel(g, x, dys)),
    };
  }

  function expectRight(sizes: Sizes, way?: 'apart' | 'whole'): void {
    for (const [name, error] of Object.entries(errors(sizes, way)))
      expect(error, `${name} of ${JSON.stringify(sizes)}, ${way}`).toBeLessThanOrEqual(1e-5);
  }

  const awkward: readonly Sizes[] = [
    { batch: 1, low: [1, 1], size: [1, 1], channels: [1, 1, 1] },
    { batch: 2, low: [1, 1], size: [9, 7], channels: [3, 2, 5] },
    { batch: 1, low: [1, 3], size: [1, 13], channels: [32, 32, 32] },
    { batch: 3, low: [5, 1], size: [21, 1], channels: [4, 8, 9] },
    { batch: 2, low: [6, 7], size: [6, 7], channels: [8, 1, 17] },
    { batch: 1, low: [11, 9], size: [4, 5], channels: [2, 3, 4] },
    { batch: 2, low: [3, 11], size: [33, 12], channels: [7, 25, 17] },
    { batch: 1, low: [5, 9], size: [21, 43], channels: [12, 4, 16] },
    { batch: 1, low: [1, 1, 1], size: [1, 1, 1], channels: [1, 1, 1] },
    { batch: 2, low: [1, 1, 1], size: [5, 6, 7], channels: [3, 2, 5] },
    { batch: 2, low: [3, 2, 4], size: [7, 5, 9], channels: [4, 3, 9] },
    { batch: 1, low: [4, 1, 5], size: [4, 9, 6], channels: [8, 1, 17] },
    { batch: 1, low: [2, 9, 3], size: [11, 4, 3], channels: [1, 4, 2] },
    { batch: 1, low: [7, 3, 2], size: [3, 5, 8], channels: [2, 3, 4] },
  ];

  it.each(awkward)('is right for a map of $low beside $size, batch $batch, channels $channels', (sizes) => {
    expectRight(sizes, 'apart');
    expectRight(sizes, 'whole');
  });

  it('is right for random sizes', () => {
    const edge = fc.integer({ min: 1, max: 14 });
    const channels = fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 9 }) },
      fc.constantFrom(16, 25),
    );
    const sizes = fc.record({
      batch: fc.integer({ min: 1, max: 3 }),
      low: fc.tuple(edge, edge),
      size: fc.tuple(edge, edge),
      channels: fc.tuple(channels, channels, channels),
    });
    fc.assert(
      fc.property(sizes, (drawn) => expectRight(drawn, 'apart')),
      { numRuns: 40 },
    );
    const few = fc.integer({ min: 1, max: 6 });
    const volumes = fc.record({
      batch: fc.integer({ min: 1, max: 2 }),
      low: fc.tuple(few, few, few),
      size: fc.tuple(few, few, few),
      channels: fc.tuple(few, few, few),
    });
    fc.assert(
      fc.property(volumes, (drawn) => expectRight(drawn, 'apart')),
      { numRuns: 30 },
    );
  });

  it.each([
    { low: [3, 30, 70, 2], size: [31, 71] },
    // More products than fit, of some rows of a plane at once; several slices at once; planes that take turns.
    { low: [1, 3, 17, 70, 2], size: [4, 35, 71] },
    { low: [2, 40, 9, 9, 2], size: [81, 9, 11] },
  ])(
    'takes several bands where products are large, as of $low, and gives the same bits every time',
    async ({ low: lowShape, size }) => {
      const images = [lowShape[0]!, ...size];
      const [low, skip, kernel, bias, dy] = [
        lowShape,
        [...images, 1],
        [...size.map(() => 3), 3, 64],
        [64],
        [...images, 64],
      ].map((shape, i) => tensor(noise(sizeOf(shape), i), shape)) as [Tensor, Tensor, Tensor, Tensor, Tensor];
      const isSame = (a: Float32Array, b: Float32Array) => a.every((value, i) => value === b[i]);
      // Tiles of 6 × 6 round more.
      for (const [largeTiles, tolerance] of [
        [false, 1e-5],
        [true, 3e-5],
      ] as const) {
        const tiled = await nativeForTests({ build, largeTiles });
        const run = (way: 'apart' | 'whole') => [
          take(convJoin(tiled, { low, skip, kernel, bias }, 0.1, way)),
          ...convJoinGrad(tiled, dy, { low, skip, kernel }, way).map(take),
        ];
        const before = memory().numDataBuffers;
        const [first, second, whole] = [run('apart'), run('apart'), run('whole')];
        expect(memory().numDataBuffers).toBe(before);
        for (const [i, values] of first.entries()) {
          expect(isSame(values, second[i]!), `result ${i}`).toBe(true);
          expect(relativeError(values, whole[i]!), `result ${i}`).toBeLessThan(tolerance);
        }
      }
      for (const t of [low, skip, kernel, bias, dy]) t.dispose();
    },
  );
});

describe('applyJoinedConvolution on compiled kernels', () => {
  let native: NativeKernels;
  beforeAll(async () => {
    native = await nativeForTests();
    registerGradients();
  });
  afterAll(unregisterNativeKernels);

  it.each([
    { low: [2, 3, 4, 8], skip: [2, 24, 31, 8], kernel: [3, 3, 16, 8] },
    { low: [1, 12, 18, 3], skip: [1, 24, 31, 2], kernel: [3, 3, 5, 4] },
    { low: [1, 20, 31, 3], skip: [1, 24, 31, 2], kernel: [3, 3, 5, 4] },
    { low: [2, 3, 4, 3], skip: [2, 9, 9, 2], kernel: [5, 1, 5, 4] },
    { low: [2, 3, 4, 3], skip: [2, 9, 9, 2], kernel: [1, 1, 5, 4] },
    { low: [1, 9, 9, 3], skip: [1, 9, 9, 2], kernel: [1, 1, 5, 4] },
    { low: [1, 2, 1, 3, 2], skip: [1, 5, 4, 6, 1], kernel: [3, 3, 3, 3, 2] },
    { low: [2, 3, 2, 4, 5], skip: [2, 9, 11, 6, 4], kernel: [3, 3, 3, 9, 8] },
    { low: [1, 2, 1, 3, 2], skip: [1, 5, 4, 6, 1], kernel: [1, 1, 1, 3, 2] },
  ])('value and gradients of $low beside $skip are those of its composition', ({ low, skip, kernel }) => {
    const out = kernel.at(-1)!;
    const inputs = [low, skip, kernel, [out]].map((shape, i) => tensor(noise(sizeOf(shape), i), shape));
    const dy = tensor(noise((sizeOf(skip) / skip.at(-1)!) * out, 7), [...skip.slice(0, -1), out]);
    const f = (a: Tensor, b: Tensor, k: Tensor, c: Tensor) =>
      applyJoinedConvolution({ low: a, skip: b }, k, c, 0.2);
    const run = () => {
      const results = [f(...(inputs as [Tensor, Tensor, Tensor, Tensor])), ...grads(f)(inputs, dy)];
      return results.map((t) => {
        const values = t.dataSync() as Float32Array;
        t.dispose();
        return values;
      });
    };
    unregisterNativeKernels();
    const composed = run();
    registerNativeKernels(native);
    expect(getBackend()).toBe('wasm');
    const before = memory().numTensors;
    const compiled = run();
    expect(memory().numTensors).toBe(before);
    for (const [i, values] of compiled.entries())
      expect(relativeError(values, composed[i]!), `result ${i}`).toBeLessThanOrEqual(1e-5);
    for (const t of [...inputs, dy]) t.dispose();
  });
});
