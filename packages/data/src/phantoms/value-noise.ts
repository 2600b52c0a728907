import type { Rng } from '@sshn/core';

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
