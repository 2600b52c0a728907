import { type Affine, reorient, volumeOf } from '@sshn/data';
import { type AffineMatrix, affineMatrix, affineReference, invertAffine } from '@sshn/registration';
import { useBackend } from '@sshn-internal/testing';
import { tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { referenceFrame } from './frames.js';
import type { Picture } from './picture.js';

beforeAll(() => useBackend('cpu'));

const at = (matrix: AffineMatrix, p: readonly number[]) =>
  matrix.map((row) => row[0]! * p[0]! + row[1]! * p[1]! + row[2]! * p[2]! + row[3]!);

/** An object without symmetry around the origin; x, y and z in mm. */
function object([x, y, z]: readonly number[]): number {
  const ball = (a: number, b: number, c: number, radius: number) =>
    1 / (1 + Math.exp(Math.hypot(x! - a, y! - b, z! - c) - radius));
  return 90 * ball(0, 0, 0, 11) + 120 * ball(8, 6, 8, 5) - 80 * ball(-5, -5, 2, 3) + 60 * ball(-9, 8, -6, 4);
}

function volumeIn(shape: readonly [number, number, number], affine: Affine, toObject: AffineMatrix) {
  const values = new Float32Array(shape[0] * shape[1] * shape[2]);
  for (let d = 0, i = 0; d < shape[0]; d++)
    for (let h = 0; h < shape[1]; h++)
      for (let w = 0; w < shape[2]; w++) values[i++] = object(at(toObject, at(affine, [d, h, w])));
  return volumeOf(values, shape, { affine });
}

const picture = (path: string, volume: ReturnType<typeof volumeIn>): Picture => ({
  path,
  format: 'volume',
  channels: [volume],
});

test('volumes of any grid go to the reference and back: the field is the map between their poses', async () => {
  const poseOf = (rotationRad: number[], translation: number[]) =>
    affineMatrix(3, { rotationRad, translation });
  const [ofFixed, ofMoving] = [poseOf([0.1, 0, -0.2], [3, -2, 60]), poseOf([-0.1, 0.15, 0.1], [-4, 25, 5])];
  // The world of each is that of its scanner: the origin lies anywhere.
  const fixed = volumeIn(
    [30, 24, 26],
    [
      [0, 0, 2, -22],
      [-1.7, 0, 0, 22],
      [0, 2, 0, 37],
    ],
    invertAffine(ofFixed),
  );
  const moving = volumeIn(
    [25, 30, 33],
    [
      [0, 0, -1.6, 21],
      [0, 1.8, 0, 0],
      [2, 0, 0, -20],
    ],
    invertAffine(ofMoving),
  );
  const size = [24, 26, 25];
  const spacingMm = [2, 2, 2];
  const upright: Affine = [
    [0, 0, 2, -24],
    [0, 2, 0, -25],
    [2, 0, 0, -23],
  ];
  const reference = volumeIn([24, 26, 25], upright, affineMatrix(3));
  expect(reorient(reference).affine).toEqual(upright);
  const frame = await referenceFrame(
    picture('moving', moving),
    picture('fixed', fixed),
    { size, channels: 1, intensity: { kind: 'minMax' }, volumes: { fit: 'pad', spacingMm } },
    {
      kind: 'rigid',
      similarity: 'globalNcc',
      reference: affineReference({ values: reference.data as Float32Array, size }, spacingMm),
    },
  );
  expect(frame.fixed.size).toEqual(size);
  const still = await frame.back(zeros([1, ...size, 3]));
  expect(still.grid.shape).toEqual(fixed.shape);
  const step = await frame.back(
    tensor(
      Float32Array.from({ length: 3 * 24 * 26 * 25 }, (_, i) => (i % 3 === 2 ? 1 : 0)),
      [1, ...size, 3],
    ),
  );
  for (const voxel of [
    [15, 12, 13],
    [10, 9, 16],
    [20, 15, 10],
  ]) {
    const i = (voxel[0]! * 24 + voxel[1]!) * 26 + voxel[2]!;
    const place = at(fixed.affine, voxel);
    const inObject = at(invertAffine(ofFixed), place);
    const [truth, stepped] = [
      at(ofMoving, inObject),
      at(ofMoving, [inObject[0]! + 2, inObject[1]!, inObject[2]!]),
    ];
    const off = (field: typeof still, to: number[]) =>
      Math.hypot(...to.map((value, axis) => place[axis]! + field.displacementMm[axis]![i]! - value));
    expect(off(still, truth)).toBeLessThan(1);
    // One voxel along the width of the reference is 2 mm toward the right of the object.
    expect(off(step, stepped)).toBeLessThan(1);
  }
}, 60_000);
