import type { Rng } from '@sshn/core';

/** A smooth function of a point, in [−1, 1]. */
export type Wave = (point: readonly number[]) => number;

/**
 * The mean of three plane waves of random direction and phase.
 *
 * @param rank How many coordinates a point has.
 * @param wavelength In pixels.
 */
export function wave(rng: Rng, rank: number, wavelength: number): Wave {
  const waves = [0, 1, 2].map(() => {
    const direction = Array.from({ length: rank }, () => rng.normal());
    const norm = Math.sqrt(direction.reduce((sum, d) => sum + d * d, 0));
    return {
      k: direction.map((d) => (2 * Math.PI * d) / (norm * wavelength)),
      phase: rng.uniform(0, 2 * Math.PI),
    };
  });
  return (point) => {
    let sum = 0;
    for (const { k, phase } of waves) {
      let angle = phase;
      for (let axis = 0; axis < rank; axis++) angle += k[axis]! * point[axis]!;
      sum += Math.cos(angle);
    }
    return sum / waves.length;
  };
}
