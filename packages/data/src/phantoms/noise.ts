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

/**
 * Smooth random numbers in [0, 1] over the plane: values on a grid, blended between grid points with 3t² − 2t³.
 *
 * The grid repeats every `period` points, so any coordinate has a value.
 *
 * @param spacing Distance of grid points in pixels.
 */
export function valueNoise(rng: Rng, spacing: number, period = 32): (x: number, y: number) => number {
  const grid = new Float32Array(period * period);
  for (let i = 0; i < grid.length; i++) grid[i] = rng.word() / 2 ** 32;
  return (x, y) => {
    const column = Math.floor(x / spacing);
    const row = Math.floor(y / spacing);
    const right = smooth(x / spacing - column);
    const down = smooth(y / spacing - row);
    const x0 = modulo(column, period);
    const x1 = modulo(column + 1, period);
    const y0 = modulo(row, period) * period;
    const y1 = modulo(row + 1, period) * period;
    const top = grid[y0 + x0]! * (1 - right) + grid[y0 + x1]! * right;
    const bottom = grid[y1 + x0]! * (1 - right) + grid[y1 + x1]! * right;
    return top * (1 - down) + bottom * down;
  };
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}

function modulo(a: number, n: number): number {
  return ((a % n) + n) % n;
}

/**
 * Gaussian blur along every axis of a channels-last array, edges repeated. Returns a new array.
 *
 * @param size Without channels.
 * @param sigma In pixels; the kernel ends at 3 sigma.
 */
export function blur(
  values: Float32Array,
  size: readonly number[],
  channels: number,
  sigma: number,
): Float32Array {
  const reach = Math.ceil(3 * sigma);
  const weights = Array.from({ length: reach + 1 }, (_, i) => Math.exp(-0.5 * (i / sigma) ** 2));
  const total = weights.reduce((sum, w, i) => sum + (i === 0 ? w : 2 * w), 0);
  let current = values;
  let inner = channels;
  for (let axis = size.length - 1; axis >= 0; axis--) {
    current = blurAxis(
      current,
      size[axis]!,
      inner,
      weights.map((w) => w / total),
    );
    inner *= size[axis]!;
  }
  return current;
}

/** Seen as `[outer, length, inner]`, blurs along the middle. */
function blurAxis(values: Float32Array, length: number, inner: number, weights: number[]): Float32Array {
  const result = new Float32Array(values.length);
  const block = length * inner;
  for (let start = 0; start < values.length; start += block) {
    for (let i = 0; i < length; i++) {
      const to = start + i * inner;
      for (let distance = 0; distance < weights.length; distance++) {
        const weight = distance === 0 ? weights[0]! / 2 : weights[distance]!;
        const before = start + Math.max(0, i - distance) * inner;
        const after = start + Math.min(length - 1, i + distance) * inner;
        for (let k = 0; k < inner; k++) {
          result[to + k]! += weight * (values[before + k]! + values[after + k]!);
        }
      }
    }
  }
  return result;
}
