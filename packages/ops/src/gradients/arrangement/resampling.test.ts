import {
  backends,
  describeGradients,
  distinct,
  type GradientCase,
  goldenCases,
  useBackend,
} from '@sshn-internal/testing';
import { grad, image, mul, sum, type Tensor, type Tensor4D, tensor4d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { registerGradients } from '../register.js';

const geometries = [
  { name: 'top left', alignCorners: false, halfPixelCenters: false },
  { name: 'corners', alignCorners: true, halfPixelCenters: false },
  { name: 'pixel centers', alignCorners: false, halfPixelCenters: true },
];
const sizes: Array<[number, number]> = [
  [5, 7],
  [2, 3],
  [1, 1],
  [4, 3],
  [9, 2],
];
const resizes = { resizeBilinear: image.resizeBilinear, resizeNearestNeighbor: image.resizeNearestNeighbor };

describeGradients(
  Object.entries(resizes).flatMap(([name, resize]) =>
    geometries.flatMap(({ name: geometry, alignCorners, halfPixelCenters }) =>
      sizes.map(
        (size): GradientCase => [
          `${name} of 4×3 to ${size.join('×')}, ${geometry}`,
          (x) => resize(x as Tensor4D, size, alignCorners, halfPixelCenters),
          () => [distinct([2, 4, 3, 2])],
        ],
      ),
    ),
  ),
  registerGradients,
);

interface ResizeCase {
  x: { shape: [number, number, number, number]; data: number[] };
  y: { shape: [number, number, number, number]; data: number[] };
  dy: { shape: [number, number, number, number]; data: number[] };
  dx: { shape: [number, number, number, number]; data: number[] };
}
const golden = goldenCases<ResizeCase>('resize2d.json');

describe.skipIf(golden === undefined).each(backends)('golden vectors on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('half-pixel resizing and its gradient', () => {
    for (const { x, y, dy, dx } of golden ?? []) {
      const [, height, width] = y.shape;
      const resize = (x: Tensor) => image.resizeBilinear(x as Tensor4D, [height, width], false, true);
      const weights = tensor4d(dy.data, dy.shape);
      const gradient = grad((x: Tensor) => sum(mul(resize(x), weights)))(tensor4d(x.data, x.shape));
      const scale = Math.max(...dx.data.map(Math.abs));
      const error = Math.max(...gradient.dataSync().map((value, i) => Math.abs(value - dx.data[i]!)));
      expect(error / scale).toBeLessThan(1e-5);
    }
  });
});
