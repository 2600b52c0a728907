import { Rng, ShapeError, ValueError } from '@sshn/core';
import { registerGradients } from '@sshn/ops';
import { backends, gradientError, useBackend, weighted, withoutLeak } from '@sshn-internal/testing';
import { type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { composeFields } from '../fields/compose.js';
import { warp } from '../warp/warp.js';
import { fitAffine } from './fit.js';
import { type AffineMatrix, affineField, composeAffine, invertAffine } from './matrix.js';
import { affineMatrix, affineParameters } from './parameters.js';

const valuesOf = (x: Tensor): number[] => [...x.dataSync()];
const apply = (matrix: AffineMatrix, p: readonly number[]): number[] =>
  matrix.map((row) => row.reduce((sum, entry, k) => sum + entry * (p[k] ?? 1), 0));
function expectClose(got: AffineMatrix, expected: AffineMatrix): void {
  expect(got.map((row) => row.length)).toEqual(expected.map((row) => row.length));
  got.flat().forEach((entry, i) => {
    expect(entry).toBeCloseTo(expected.flat()[i]!, 9);
  });
}

describe('matrices', () => {
  test('a quarter turn in 2D brings the first axis to the second', () => {
    expectClose(affineMatrix(2, { rotationRad: [Math.PI / 2] }), [
      [0, -1, 0],
      [1, 0, 0],
    ]);
    // About the middle of 3×3: the upper left corner goes to the lower left one.
    const turn = affineMatrix(2, { rotationRad: [Math.PI / 2], center: [1, 1] });
    expectClose(
      [apply(turn, [1, 1]), apply(turn, [0, 0])],
      [
        [1, 1],
        [2, 0],
      ],
    );
  });

  test('in 3D each angle turns the next axis towards the one after', () => {
    const quarter = (axis: number) => [0, 1, 2].map((i) => (i === axis ? Math.PI / 2 : 0));
    const turned = [0, 1, 2].map((axis) => apply(affineMatrix(3, { rotationRad: quarter(axis) }), [1, 2, 3]));
    expectClose(turned, [
      [1, -3, 2],
      [3, 2, -1],
      [-2, 1, 3],
    ]);
  });

  test('the order: sheared, scaled, turned, moved', () => {
    const matrix = affineMatrix(2, {
      shear: [1],
      scale: [2, 3],
      rotationRad: [Math.PI / 2],
      translation: [10, 20],
    });
    // (1, 1) → (2, 1) → (4, 3) → (−3, 4) → (7, 24)
    expectClose([apply(matrix, [1, 1])], [[7, 24]]);
    expect(affineMatrix(3)).toEqual([
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
    ]);
  });

  test.each([2, 3] as const)('parameters come back, in %iD', (rank) => {
    const rng = Rng.fromSeed(rank);
    for (let i = 0; i < 200; i++) {
      const angles = rank === 2 ? 1 : 3;
      const list = (count: number, low: number, high: number) =>
        Array.from({ length: count }, () => rng.uniform(low, high));
      const scale = list(rank, 0.3, 2);
      if (i % 3 === 0) scale[rank - 1] = -scale[rank - 1]!;
      const center = list(rank, 0, 100);
      const parameters = {
        translation: list(rank, -9, 9),
        rotationRad: list(angles, -1.5, 1.5),
        scale,
        shear: list(angles, -0.8, 0.8),
      };
      const back = affineParameters(affineMatrix(rank, { ...parameters, center }), { center });
      for (const name of ['translation', 'rotationRad', 'scale', 'shear'] as const) {
        back[name].forEach((value, k) => {
          expect(value, name).toBeCloseTo(parameters[name][k]!, 8);
        });
      }
    }
  });

  test('a middle angle of 90° still gives the same matrix', () => {
    for (const sign of [1, -1]) {
      const matrix = affineMatrix(3, { rotationRad: [0.4, (sign * Math.PI) / 2, 0.3], scale: [1, 2, 3] });
      expectClose(affineMatrix(3, affineParameters(matrix)), matrix);
    }
  });

  test('composition and inverse', () => {
    const first = affineMatrix(3, { rotationRad: [0.1, 0.2, 0.3], translation: [1, 2, 3] });
    const second = affineMatrix(3, { scale: [2, 1, 0.5], shear: [0.1, 0.2, 0.3] });
    const point = [4, -5, 6];
    expectClose([apply(composeAffine(first, second), point)], [apply(first, apply(second, point))]);
    expectClose(composeAffine(first, invertAffine(first)), affineMatrix(3));
    expect(
      invertAffine([
        [2, 0, 4],
        [0, 1, 0],
      ]),
    ).toEqual([
      [0.5, 0, -2],
      [0, 1, 0],
    ]);
    // A pivot of zero needs rows exchanged.
    expect(
      invertAffine([
        [0, 2, 0],
        [1, 0, 3],
      ]),
    ).toEqual([
      [0, 1, -3],
      [0.5, 0, 0],
    ]);
  });

  test('refuses what is none', () => {
    expect(() =>
      composeAffine(
        [
          [1, 0],
          [0, 1],
        ],
        affineMatrix(2),
      ),
    ).toThrow(ShapeError);
    expect(() => composeAffine(affineMatrix(3), affineMatrix(2))).toThrow('expected [3, 4] as the first');
    expect(() =>
      invertAffine([
        [1, 2, 0],
        [2, 4, 0],
      ]),
    ).toThrow(ValueError);
    expect(() =>
      invertAffine([
        [1, Number.NaN, 0],
        [2, 4, 0],
      ]),
    ).toThrow('expected finite entries');
    expect(() =>
      affineParameters([
        [1, 2, 0],
        [2, 4, 0],
      ]),
    ).toThrow('expected a matrix that keeps dimensions apart');
    expect(() =>
      affineParameters([
        [0, 0, 0],
        [0, 0, 0],
      ]),
    ).toThrow(ValueError);
    expect(() => affineMatrix(3, { rotationRad: [1] })).toThrow(
      'affineMatrix: rotationRad: got shape [1], expected 3 entries',
    );
    expect(() => affineMatrix(2, { scale: [1, Number.POSITIVE_INFINITY] })).toThrow(ValueError);
    expect(() => affineParameters(affineMatrix(2), { center: [1] })).toThrow(ShapeError);
  });
});

describe('fitAffine', () => {
  const rng = Rng.fromSeed(5);
  const cloud = (count: number, rank: number, at = 0) =>
    Array.from({ length: count }, () => Array.from({ length: rank }, () => at + rng.uniform(-50, 50)));

  test.each([2, 3] as const)('finds the map that points were moved by, in %iD', (rank) => {
    const truth = affineMatrix(rank, { scale: Array(rank).fill(1.2), translation: Array(rank).fill(-7) });
    for (const count of [rank + 1, 40]) {
      const points = cloud(count, rank, 1000);
      const got = fitAffine(
        points,
        points.map((p) => apply(truth, p)),
      );
      got.flat().forEach((entry, i) => {
        expect(entry).toBeCloseTo(truth.flat()[i]!, 6);
      });
    }
  });

  test('is the least of squares: any other map is worse', () => {
    const from = cloud(12, 3);
    const to = from.map((p) => p.map((x) => 1.1 * x + rng.uniform(-3, 3)));
    const cost = (matrix: AffineMatrix) =>
      from.reduce((sum, p, i) => sum + apply(matrix, p).reduce((s, x, k) => s + (x - to[i]![k]!) ** 2, 0), 0);
    const best = fitAffine(from, to);
    for (let row = 0; row < 3; row++)
      for (let column = 0; column < 4; column++)
        for (const step of [-1e-3, 1e-3]) {
          const other = best.map((line) => [...line]);
          other[row]![column]! += step;
          expect(cost(other)).toBeGreaterThan(cost(best));
        }
  });

  test('weights: a point that weighs nothing has no say, a heavy one is met', () => {
    const from = [
      [0, 0],
      [0, 10],
      [10, 0],
      [10, 10],
    ];
    const to = [
      [0, 0],
      [0, 10],
      [10, 0],
      [99, 99],
    ];
    expectClose(fitAffine(from, to, { weights: [1, 1, 1, 0] }), [
      [1, 0, 0],
      [0, 1, 0],
    ]);
    const heavy = fitAffine(from, to, { weights: [1, 1, 1, 1e9] });
    expect(apply(heavy, [10, 10])[0]).toBeCloseTo(99, 4);
  });

  test('refuses points that settle nothing', () => {
    const three = [
      [0, 0],
      [1, 1],
      [2, 2],
    ];
    expect(() => fitAffine(three, three)).toThrow('expected points that do not all lie on one line');
    const flat = cloud(9, 3).map(([a, b]) => [a!, b!, a! + b!]);
    expect(() => fitAffine(flat, flat)).toThrow('one plane');
    expect(() =>
      fitAffine(
        [
          [0, 0],
          [1, 0],
        ],
        [
          [0, 0],
          [1, 0],
        ],
      ),
    ).toThrow('at least 3 points in 2D, 4 in 3D');
    expect(() => fitAffine([], [])).toThrow(ValueError);
    expect(() => fitAffine(three, three.slice(1))).toThrow(ShapeError);
    expect(() =>
      fitAffine(three, [
        [0, 0],
        [1, 1],
        [2, 2, 2],
      ]),
    ).toThrow(ShapeError);
    expect(() =>
      fitAffine(three, [
        [0, 0],
        [1, 1],
        [2, Number.NaN],
      ]),
    ).toThrow(ValueError);
    expect(() => fitAffine(three, three, { weights: [1, -1, 1] })).toThrow(ValueError);
    expect(() => fitAffine(three, three, { weights: [0, 0, 0] })).toThrow(ValueError);
  });
});

describe.each(backends)('affineField on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
    registerGradients();
  });

  test('by hand, a matrix per image', () => {
    const matrices = tensor([
      affineMatrix(2),
      [
        [2, 0, 1],
        [1, 1, 0],
      ],
    ]);
    const field = affineField(matrices, [2, 2]);
    expect(field.shape).toEqual([2, 2, 2, 2]);
    expect(valuesOf(field)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 2, 1, 2, 1]);
  });

  test('a quarter turn about the middle turns an image, the other way round', () => {
    const image = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
    const matrix = affineMatrix(2, { rotationRad: [Math.PI / 2], center: [1, 1] });
    const turned = valuesOf(warp(image, affineField(tensor([matrix]), [3, 3])));
    [7, 4, 1, 8, 5, 2, 9, 6, 3].forEach((value, i) => {
      expect(turned[i]).toBeCloseTo(value, 4);
    });
  });

  test('composes as the matrices do', () => {
    const first = affineMatrix(3, { rotationRad: [0.05, -0.1, 0.02], translation: [0.5, 0, -0.3] });
    const second = affineMatrix(3, { scale: [0.9, 0.8, 0.7], translation: [0.2, 0.7, 1.4] });
    const size = [4, 5, 6];
    const [a, b] = [affineField(tensor([first]), size), affineField(tensor([second]), size)];
    const both = valuesOf(affineField(tensor([composeAffine(first, second)]), size));
    // Affine fields are linear between voxels, and the second map stays on the grid.
    valuesOf(composeFields(a, b)).forEach((value, i) => {
      expect(value).toBeCloseTo(both[i]!, 4);
    });
  });

  test('gradient to the matrix agrees with central differences', () => {
    const matrix = tensor([
      [
        [1.1, 0.2, 0, 1],
        [0, 0.9, 0.1, 2],
        [0.3, 0, 1, 3],
      ],
    ]);
    expect(gradientError((...[m]: Tensor[]) => weighted(affineField(m!, [2, 1, 3])), [matrix])).toBeLessThan(
      1e-3,
    );
  });

  test('leaves nothing behind, refuses what is no affine map', async () => {
    const matrix = tensor([affineMatrix(2)]);
    await withoutLeak(() => affineField(matrix, [3, 4]).dispose());
    matrix.dispose();
    expect(() => affineField(zeros([2, 3]), [3, 3])).toThrow(ShapeError);
    expect(() => affineField(zeros([1, 2, 3]), [3, 3, 3])).toThrow(
      'affineField: got shape [1, 2, 3], expected [batch, 3, 4] for a field of size [3, 3, 3], in 2D or 3D.',
    );
    expect(() => affineField(zeros([1, 2, 3], 'int32'), [3, 3])).toThrow(ValueError);
    expect(() => affineField(zeros([1, 2, 3]), [3, 0])).toThrow(ValueError);
  });
});
