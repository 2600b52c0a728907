import type { Rng } from '@sshn/core';

/** Echoes of many scatterers that lie closer than a beam resolves: a texture that repeats, with a mean power of 1. */
export interface Speckle {
  /** Amplitude of the echo at a point of the tissue, in pixels; repeats in both directions. */
  at(row: number, column: number): number;
}

/** Half widths of the beam in pixels: it resolves depth better than what lies side by side. */
const reach = { down: 1, across: 2 };

/**
 * Speckle on a square of `edge` pixels: real and imaginary parts are white noise seen through the beam, and their length,
 * the amplitude, so is Rayleigh-distributed as that of fully developed speckle.
 *
 * @param edge A power of two, in pixels.
 */
export function speckle(rng: Rng, edge: number): Speckle {
  const [real, imaginary] = [rng.split('real'), rng.split('imaginary')].map((part) => beam(part, edge)) as [
    Float32Array,
    Float32Array,
  ];
  const amplitude = real.map((value, i) => Math.hypot(value, imaginary[i]!));
  const power = amplitude.reduce((sum, value) => sum + value * value, 0) / amplitude.length;
  const scale = 1 / Math.sqrt(power);
  const mask = edge - 1;
  return {
    at: (row, column) => {
      const [top, left] = [Math.floor(row), Math.floor(column)];
      const [down, right] = [row - top, column - left];
      const value = (r: number, c: number) => amplitude[(r & mask) * edge + (c & mask)]!;
      const upper = value(top, left) * (1 - right) + value(top, left + 1) * right;
      const lower = value(top + 1, left) * (1 - right) + value(top + 1, left + 1) * right;
      return scale * (upper * (1 - down) + lower * down);
    },
  };
}

/** White noise, smoothed by a triangle along each axis; the square repeats. */
function beam(rng: Rng, edge: number): Float32Array {
  const noise = Float32Array.from({ length: edge * edge }, () => rng.normal());
  const mask = edge - 1;
  const along = (values: Float32Array, half: number, place: (i: number, offset: number) => number) =>
    values.map((_, i) => {
      let sum = 0;
      for (let offset = -half; offset <= half; offset++)
        sum += (half + 1 - Math.abs(offset)) * values[place(i, offset)]!;
      return sum;
    });
  const column = (i: number, offset: number) => (i & ~mask) | ((i + offset) & mask);
  const row = (i: number, offset: number) => (i + offset * edge) & (edge * edge - 1);
  return along(along(noise, reach.across, column), reach.down, row);
}
