import type { Rng } from '@sshn/core';
import { tensor, tidy } from '@tensorflow/tfjs-core';
import { type AffineMatrix, invertAffine, resampleAffine } from '../affine/matrix.js';
import { affineMatrix } from '../affine/parameters.js';
import type { AffineKind } from '../affine/register.js';
import { placeOf } from '../affine/samples.js';
import type { Volume } from './brains.js';
import { positions } from './double-precision.js';

/** A displacement of up to 20°, 15 mm along each axis and, unless it is rigid, 10 % and some shear; in voxels. */
export function madeUp(kind: AffineKind, size: readonly number[], edgeMm: number, rng: Rng) {
  const direction = [rng.normal(), rng.normal(), rng.normal()];
  const angle = (rng.uniform(-20, 20) * Math.PI) / 180 / Math.hypot(...direction);
  const three = (low: number, high: number) => [0, 0, 0].map(() => rng.uniform(low, high));
  return affineMatrix(3, {
    rotationRad: direction.map((part) => part * angle),
    translation: three(-15, 15).map((mm) => mm / edgeMm),
    ...(kind === 'rigid' ? {} : { scale: three(0.9, 1.1), shear: three(-0.05, 0.05) }),
    center: size.map((n) => (n - 1) / 2),
  });
}

/** A volume that the truth takes the fixed one to, in another unit and with noise. */
export function movedBy(
  { values, size }: Volume,
  truth: AffineMatrix,
  change: (value: number) => number,
  rng: Rng,
): Volume {
  const moved = tidy(() =>
    resampleAffine(tensor(values, [1, ...size, 1]), invertAffine(truth), size, {
      padding: 'zeros',
    }).dataSync(),
  );
  return { values: Float32Array.from(moved, (value) => change(value) + 5 * rng.normal()), size };
}

/** Mean distance of two maps' images of a grid's voxels, in voxels. */
export function meanDistance(a: AffineMatrix, b: AffineMatrix, size: readonly number[]): number {
  const all = positions(size.map((n) => Math.ceil(n / 4))).map((place) => place.map((at) => 4 * at));
  const each = all.map((p) => Math.hypot(...placeOf(a, p).map((at, axis) => at - placeOf(b, p)[axis]!)));
  return each.reduce((sum, one) => sum + one, 0) / each.length;
}
