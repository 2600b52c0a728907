/** The U-Net of the paper against an independent count: multiply-adds per layer for φ = 0 … 0.5. */
import { unet } from '@sshn/architectures';
import { rescaledSize, setting } from '@sshn/core';
import { goldenCases, useBackend } from '@sshn-internal/testing';
import {
  add,
  concat,
  conv2d,
  image as images,
  leakyRelu,
  memory,
  type Tensor1D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { countFlops, countModule, flopsCurve, type ModuleCost } from './index.js';

interface GoldenCase {
  readonly phi: number;
  readonly sizes: ReadonlyArray<readonly [number, number]>;
  readonly macs: number;
  readonly per_layer: Readonly<Record<string, number>>;
}

const golden = goldenCases<GoldenCase>('macs.json');
const parameters = 195_225;
const inputShape = [1, 256, 256, 1];
const network = unet({ inChannels: 1, outChannels: 25 });

/** 'enc0.conv1' of the golden file is our 'encoder.0.1', 'out' our 'head'. */
function pathOf(layer: string): string {
  if (layer === 'out') return 'head';
  const [, half, stage, conv] = /^(enc|dec)(\d)\.conv(\d)$/.exec(layer)!;
  return `${half}oder.${stage}.${conv}`;
}

function macsByPath(module: ModuleCost): Array<[string, number]> {
  return [[module.path, module.macs], ...module.children.flatMap(macsByPath)];
}

describe.skipIf(golden === undefined)('golden multiply-adds', () => {
  test.each(golden ?? [])('of every layer at φ = $phi', ({ phi, sizes, macs, per_layer }) => {
    const report = countModule(network, { inputShape, at: setting(phi) });
    expect(report.macs).toBe(macs);
    expect(report.parameters).toBe(parameters);
    expect(Object.fromEntries(macsByPath(report.byModule))).toMatchObject(
      Object.fromEntries(Object.entries(per_layer).map(([layer, count]) => [pathOf(layer), count])),
    );
    const encoder = report.byModule.children.find(({ path }) => path === 'encoder')!;
    expect(encoder.children.map(({ outputShape }) => outputShape!.slice(1, 3))).toEqual(sizes);
  });

  test.each(golden ?? [])('of the same network from ordinary tfjs ops at φ = $phi', ({ phi, macs }) => {
    const report = countFlops((w, x) => plainUnet(w, x, phi), [plainWeights, { shape: [1, 256, 256, 1] }]);
    expect(report.macs).toBe(macs);
    expect(report.parameters).toBe(parameters);
    const ours = countModule(network, { inputShape, at: setting(phi) });
    expect(report.flops).toBe(ours.flops);
  });
});

const weight = <const Shape extends readonly number[]>(...shape: Shape) =>
  ({ kind: 'param', shape }) as const;
const layer = (edge: number, from: number, to: number) =>
  ({ kernel: weight(edge, edge, from, to), bias: weight(to) }) as const;
const plainWeights = {
  encoder: [1, 32, 32, 32, 32].map((from) => [layer(3, from, 32), layer(3, 32, 32)] as const),
  decoder: Array.from({ length: 4 }, () => [layer(3, 64, 32), layer(3, 32, 32)] as const),
  head: layer(1, 32, 25),
};

interface PlainLayer {
  readonly kernel: Tensor4D;
  readonly bias: Tensor1D;
}
interface PlainUnet {
  readonly encoder: ReadonlyArray<readonly PlainLayer[]>;
  readonly decoder: ReadonlyArray<readonly PlainLayer[]>;
  readonly head: PlainLayer;
}

function plainUnet({ encoder, decoder, head }: PlainUnet, image: Tensor4D, factor: number): Tensor4D {
  const convolve = (x: Tensor4D, { kernel, bias }: PlainLayer) =>
    add<Tensor4D>(conv2d(x, kernel, 1, 'same'), bias);
  const stage = (x: Tensor4D, layers: readonly PlainLayer[]) =>
    layers.reduce((y, each) => leakyRelu(convolve(y, each), 0.01), x);
  const resize = (x: Tensor4D, size: readonly number[]) =>
    images.resizeBilinear(x, size as [number, number], false, true);
  /** Ours leaves out a resize to the size that is there. */
  const resized = (x: Tensor4D, size: readonly number[]) =>
    size.join() === x.shape.slice(1, 3).join() ? x : resize(x, size);

  const skips = [stage(image, encoder[0]!)];
  for (const layers of encoder.slice(1)) {
    const above = skips.at(-1)!;
    skips.push(stage(resized(above, rescaledSize(above.shape.slice(1, 3), factor)), layers));
  }
  const bottom = skips.pop()!;
  const top = [...decoder].reverse().reduce((below, layers) => {
    const skip = skips.pop()!;
    return stage(concat([resized(below, skip.shape.slice(1, 3)), skip], 3), layers);
  }, bottom);
  return convolve(top, head);
}

describe('cost and the factor', () => {
  beforeAll(() => useBackend('cpu')); // memory() asks a backend

  test('a 3D network at 256³ allocates no tensor data', () => {
    const volume = unet({ rank: 3, inChannels: 1, outChannels: 4, features: 16 });
    const count = () => countModule(volume, { inputShape: [1, 256, 256, 256, 1], at: setting(0.5) });
    const { numTensors, numBytes } = memory();
    const { arrayBuffers } = process.memoryUsage();
    const report = count();
    expect(process.memoryUsage().arrayBuffers - arrayBuffers).toBeLessThan(1 << 20);
    expect(memory()).toMatchObject({ numTensors, numBytes });
    const voxels = (level: number) => (256 / 2 ** level) ** 3;
    const sum = (levels: number[], weightsPerVoxel: number) =>
      levels.reduce((total, level) => total + voxels(level) * weightsPerVoxel, 0);
    expect(report.macs).toBe(
      sum([0], 27 * (1 * 16 + 16 * 16)) +
        sum([1, 2, 3, 4], 27 * (16 * 16 + 16 * 16)) +
        sum([0, 1, 2, 3], 27 * (32 * 16 + 16 * 16)) +
        sum([0], 16 * 4),
    );
  });

  test('the curve rises in steps and never falls', () => {
    const factors = Array.from({ length: 101 }, (_, i) => i / 100);
    const curve = flopsCurve(network, [1, 32, 24, 1], factors);
    expect(curve.map(({ factor }) => factor)).toEqual(factors);
    for (const [i, point] of curve.slice(1).entries()) {
      expect(point.flops).toBeGreaterThanOrEqual(curve[i]!.flops);
      expect(point.macs).toBeGreaterThanOrEqual(curve[i]!.macs);
    }
    expect(new Set(curve.map(({ flops }) => flops)).size).toBeLessThan(101);
    expect(new Set(curve.map(({ flops }) => flops)).size).toBeGreaterThan(20);
  });

  test('separate factors: each counts where it acts', () => {
    const macs = (factors: number[]) => countModule(network, { inputShape, at: setting(factors) }).macs;
    expect(macs([0.5, 0.25, 0.5, 0.5])).toBeLessThan(macs([0.5, 0.5, 0.5, 0.5]));
    expect(macs([0.5, 0.5, 0.5, 0.25])).toBeLessThan(macs([0.5, 0.5, 0.5, 0.5]));
    expect(macs([0.5, 0.5, 0.5, 0.25])).toBeGreaterThan(macs([0.5, 0.25, 0.5, 0.5]));
  });
});
