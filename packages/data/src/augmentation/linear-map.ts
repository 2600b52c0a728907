import type { Rng } from '@sshn/core';
import { type AugmentConfig, axisNames } from './config.js';

/**
 * Where a new pixel looks in the old image, both relative to the center: `rows[a]` gives coordinate a of the place as a
 * weighted sum of the new pixel's coordinates.
 */
export type LinearMap = readonly (readonly number[])[];

/**
 * Draws flips F, a rotation R by an angle and a magnification m: place = F · R⁻¹ · pixel / m.
 *
 * @param rank 2 or 3.
 * @returns Undefined if nothing moves.
 */
export function drawLinearMap(
  { flip = [], rotationDegrees = 0, scale = 0 }: AugmentConfig,
  rank: number,
  rng: Rng,
): LinearMap | undefined {
  const limit = (rotationDegrees * Math.PI) / 180;
  const angle = limit === 0 ? 0 : rng.split('rotation').uniform(-limit, limit);
  const zoom = scale === 0 ? 1 : logUniform(rng.split('scale'), 1 + scale);
  const signs = axisNames.slice(-rank).map((axis) => {
    const isFlipped = flip.includes(axis) && rng.split(`flip ${axis}`).uniform() < 0.5;
    return isFlipped ? -1 : 1;
  });
  if (angle === 0 && zoom === 1 && signs.every((sign) => sign === 1)) return undefined;
  const [cos, sin] = [Math.cos(angle) / zoom, Math.sin(angle) / zoom];
  const turn = [
    [cos, -sin],
    [sin, cos],
  ];
  const rows = rank === 2 ? turn : [[1 / zoom, 0, 0], ...turn.map((row) => [0, ...row])];
  return rows.map((row, axis) => row.map((value) => value * signs[axis]!));
}

/** A number in [1 / most, most] whose logarithm is uniform. */
export function logUniform(rng: Rng, most: number): number {
  return most ** rng.uniform(-1, 1);
}
