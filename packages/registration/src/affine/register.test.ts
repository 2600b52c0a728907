import { OptionError, Rng, ShapeError, ValueError } from '@sshn/core';
import { useBackend } from '@sshn-internal/testing';
import { tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { SimilarityName } from '../objective/objective.js';
import { hasBrains, readBrain } from '../testing/brains.js';
import { indexOf, positions } from '../testing/double-precision.js';
import { madeUp, meanDistance, movedBy } from '../testing/made-up.js';
import { warp } from '../warp/warp.js';
import {
  type AffineMatrix,
  composeAffine,
  composeAffineField,
  invertAffine,
  resampleAffine,
} from './matrix.js';
import { affineMatrix } from './parameters.js';
import { type AffineKind, affineCoverage, affineKinds, registerAffine } from './register.js';
import { placeOf } from './samples.js';

/** An object without symmetry, as a function of its place in voxels of a grid of about 48. */
function object([z, y, x]: readonly number[]): number {
  const blob = (a: number, b: number, c: number, width: number) =>
    Math.exp(-((z! - a) ** 2 + (y! - b) ** 2 + (x! - c) ** 2) / (2 * width ** 2));
  return (
    blob(24, 22, 20, 9) + 0.7 * blob(20, 32, 28, 5) - 0.5 * blob(28, 18, 16, 3) + 0.4 * blob(16, 16, 30, 4)
  );
}

const size3 = [40, 44, 48];
const size2 = [44, 48];

function imageOf(size: readonly number[], toObject: AffineMatrix, change = (value: number) => value) {
  const rng = Rng.fromSeed(3);
  const values = Float32Array.from(positions(size), (voxel) => {
    const place = placeOf(toObject, voxel);
    return change(object(size.length === 2 ? [22, ...place] : place)) + 0.01 * rng.normal();
  });
  return { values, size };
}

const identity = (rank: 2 | 3) => affineMatrix(rank);

/** A displacement that fits a kind: 20°, 4 voxels, 10 %. */
function displacement(rank: 2 | 3, kind: AffineKind, size: readonly number[]): number[][] {
  const degrees = (list: number[]) => list.map((angle) => (angle * Math.PI) / 180);
  const several = (list: number[]) => list.slice(3 - rank);
  return affineMatrix(rank, {
    rotationRad: degrees(rank === 2 ? [-20] : [14, -9, 12]),
    translation: several([2.5, -4, 3]),
    scale:
      kind === 'rigid'
        ? several([1, 1, 1])
        : kind === 'similarity'
          ? several([0.9, 0.9, 0.9])
          : several([1.08, 0.92, 1.1]),
    shear: kind === 'affine' ? (rank === 2 ? [0.05] : [0.04, -0.03, 0.05]) : rank === 2 ? [0] : [0, 0, 0],
    center: size.map((n) => (n - 1) / 2),
  });
}

describe('registerAffine', () => {
  describe.each(affineKinds)('%s', (kind) => {
    test.each([
      [2, size2],
      [3, size3],
    ] as const)('recovers a displacement in %dD', async (rank, size) => {
      const truth = displacement(rank, kind, size);
      const fixed = imageOf(size, identity(rank));
      const moving = imageOf(size, invertAffine(truth));
      const { matrix, lossBefore, lossAfter } = await registerAffine(moving, fixed, { kind });
      expect(meanDistance(matrix, truth, size)).toBeLessThan(0.3);
      expect(lossAfter).toBeLessThan(lossBefore / 5);
    });
  });

  test.each<[SimilarityName, (value: number) => number]>([
    ['mse', (value) => value],
    ['globalNcc', (value) => 45_000 - 9000 * value],
    ['localNcc', (value) => 1e-6 * value],
    ['mutualInformation', (value) => Math.cos(4 * value)],
    ['gradientDifference', (value) => value + 7],
  ])('with %s', async (similarity, change) => {
    const truth = displacement(2, 'similarity', size2);
    const fixed = imageOf(size2, identity(2));
    const clean = imageOf(size2, invertAffine(truth));
    const moving = { ...clean, values: clean.values.map(change) };
    const { matrix } = await registerAffine(moving, fixed, { kind: 'similarity', similarity });
    expect(meanDistance(matrix, truth, size2)).toBeLessThan(1);
  });

  test('images of other sizes, spacings and orientations: voxels and millimeters', async () => {
    // The moving grid is coarser along one axis, turned around along another, and begins elsewhere.
    const movingToWorld = [
      [0, 2, 0, -10],
      [-1, 0, 0, 50],
      [0, 0, 1, 3],
    ];
    const fixedToWorld = affineMatrix(3);
    const truthMm = displacement(3, 'rigid', size3);
    const size = [60, 32, 52];
    const moving = imageOf(size, composeAffine(invertAffine(truthMm), movingToWorld));
    const fixed = imageOf(size3, identity(3));
    const { matrix, matrixMm, coverage } = await registerAffine(moving, fixed, {
      kind: 'rigid',
      movingToWorld,
      fixedToWorld,
    });
    expect(meanDistance(matrixMm, truthMm, size3)).toBeLessThan(0.5);
    const again = composeAffine(movingToWorld, composeAffine(matrix, invertAffine(fixedToWorld)));
    expect(meanDistance(again, matrixMm, size3)).toBeLessThan(1e-9);
    expect(coverage).toBeGreaterThan(0.7);
  });

  test('is deterministic, takes tensors, tells of its stages', async () => {
    await useBackend('cpu');
    const [fixed, moving] = [
      imageOf(size2, identity(2)),
      imageOf(size2, invertAffine(displacement(2, 'affine', size2))),
    ];
    const stages: number[] = [];
    const first = await registerAffine(moving, fixed, { onProgress: ({ stage }) => stages.push(stage) });
    const asTensor = ({ values, size }: { values: Float32Array; size: readonly number[] }) =>
      tensor(values, [1, ...size, 1]);
    const second = await registerAffine(asTensor(moving), asTensor(fixed));
    expect(second).toEqual(first);
    expect(stages).toEqual(stages.map((_, i) => i + 1));
    expect(stages.length).toBeGreaterThan(1);
  });

  test('stops when it is aborted, with a finite matrix', async () => {
    const image = imageOf(size3, identity(3));
    const began = performance.now();
    const { matrix } = await registerAffine(image, image, { signal: AbortSignal.abort() });
    expect(matrix.flat().every(Number.isFinite)).toBe(true);
    expect(performance.now() - began).toBeLessThan(5000);
  });

  test('flat images, and those of one voxel, end in a finite matrix', async () => {
    for (const size of [
      [1, 1],
      [6, 5],
      [1, 7],
      [3, 1, 4],
    ]) {
      const flat = { values: new Float32Array(size.reduce((a, b) => a * b)).fill(7), size };
      for (const similarity of [
        'globalNcc',
        'mutualInformation',
        'localNcc',
        'mse',
        'gradientDifference',
      ] as const) {
        const { matrix } = await registerAffine(flat, flat, { similarity });
        expect(matrix.flat().every(Number.isFinite)).toBe(true);
      }
    }
  });

  test('refuses what cannot be aligned', async () => {
    const image = imageOf(size2, identity(2));
    await expect(registerAffine(image, imageOf([4, 4, 4], identity(3)))).rejects.toThrow(ShapeError);
    await expect(registerAffine({ ...image, size: [3, 3] }, image)).rejects.toThrow(ShapeError);
    await expect(registerAffine(zeros([2, 4, 4, 1]), image)).rejects.toThrow(ShapeError);
    await expect(registerAffine({ size: [1, 2], values: [1, Number.NaN] }, image)).rejects.toThrow(
      ValueError,
    );
    await expect(
      registerAffine(image, image, {
        fixedToWorld: [
          [0, 0, 0],
          [0, 0, 0],
        ],
      }),
    ).rejects.toThrow(ValueError);
    await expect(registerAffine(image, image, { kind: 'warped' as AffineKind })).rejects.toThrow(OptionError);
    await expect(registerAffine(image, image, { searchDegrees: -1 })).rejects.toThrow(ValueError);
  });
});

describe('affineCoverage', () => {
  test('by hand', () => {
    const grids = { fixedSize: [10, 10], movingSize: [10, 10] };
    expect(
      affineCoverage(
        [
          [1, 0, 5],
          [0, 1, 0],
        ],
        grids,
      ),
    ).toBe(0.5);
    expect(
      affineCoverage(
        [
          [1, 0, 0],
          [0, 1, 0],
        ],
        grids,
      ),
    ).toBe(1);
    expect(
      affineCoverage(
        [
          [1, 0, 0],
          [0, 1, 100],
        ],
        grids,
      ),
    ).toBe(0);
    expect(() =>
      affineCoverage(
        [
          [1, 0, 0],
          [0, 1, 0],
        ],
        { ...grids, movingSize: [10] },
      ),
    ).toThrow(ShapeError);
  });
});

describe('affine maps and fields', () => {
  beforeAll(() => useBackend('cpu'));

  test('composeAffineField: as resampling first and warping then, where both are smooth', () => {
    const matrix = affineMatrix(2, { rotationRad: [0.1], translation: [1.5, -2], scale: [1.1, 0.95] });
    const size = [30, 34];
    const image = tensor(
      Float32Array.from(positions([36, 40]), ([y, x]) => 2 * y! - 3 * x! + 1),
      [1, 36, 40, 1],
    );
    const field = tensor(
      Float32Array.from(positions(size).flatMap(([y, x]) => [Math.sin(y! / 9), Math.cos(x! / 8)])),
      [1, ...size, 2],
    );
    const whole = composeAffineField(matrix, field).dataSync();
    positions(size).forEach((p, i) => {
      const moved = placeOf(
        matrix,
        p.map((at, axis) => at + field.dataSync()[2 * i + axis]!),
      );
      for (const axis of [0, 1]) expect(whole[2 * i + axis]).toBeCloseTo(moved[axis]! - p[axis]!, 4);
    });
    // Inside, where neither reads beyond the border, the image is linear and nothing blurs.
    const two = warp(resampleAffine(image, matrix, size), field).dataSync();
    const p = [12, 14];
    const place = placeOf(
      matrix,
      p.map((at, axis) => at + field.dataSync()[2 * indexOf(size, p) + axis]!),
    );
    expect(two[indexOf(size, p)]).toBeCloseTo(2 * place[0]! - 3 * place[1]! + 1, 3);
  });

  test('refuse other ranks', () => {
    expect(() => composeAffineField(affineMatrix(3), zeros([1, 4, 4, 2]))).toThrow(ShapeError);
    expect(() => resampleAffine(zeros([1, 4, 4, 1]), affineMatrix(3), [4, 4])).toThrow(ShapeError);
  });
});

/** How many pairs each case tries; set SSHN_BRAIN_PAIRS for a larger count. */
const pairs = Number(process.env.SSHN_BRAIN_PAIRS ?? 2);

describe.skipIf(!hasBrains)('registerAffine on brains of 3 mm, moved by up to 20°, 15 mm and 10 %', () => {
  beforeAll(() => useBackend('cpu'));
  const block = 3;
  const toWorld = affineMatrix(3, { scale: [block, block, block] });

  test.each<[AffineKind, SimilarityName, (value: number) => number]>([
    ['rigid', 'globalNcc', (value) => 3 * value],
    ['affine', 'globalNcc', (value) => 3 * value],
    ['affine', 'mutualInformation', (value) => 255 * Math.abs(Math.sin(value / 60))],
  ])(
    '%s with %s',
    async (kind, similarity, change) => {
      const rng = Rng.fromSeed(11);
      const errors: number[] = [];
      for (let pair = 0; pair < pairs; pair++) {
        const fixed = readBrain(pair % 20, block);
        const truth = madeUp(kind, fixed.size, block, rng);
        const { matrix } = await registerAffine(movedBy(fixed, truth, change, rng), fixed, {
          kind,
          similarity,
          movingToWorld: toWorld,
          fixedToWorld: toWorld,
        });
        errors.push(meanDistance(matrix, truth, fixed.size));
      }
      const recovered = errors.filter((error) => error <= 1.5).length;
      expect(
        recovered / pairs,
        `errors in voxels: ${errors.map((e) => e.toFixed(2)).join(', ')}`,
      ).toBeGreaterThanOrEqual(0.95);
    },
    60_000 + 60_000 * pairs,
  );
});
