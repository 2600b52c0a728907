import type { Rng } from '@sshn/core';
import { rangeOf } from '../preprocessing/intensity.js';
import { logUniform } from './linear-map.js';

/**
 * Brightens or darkens the middle: low + (high − low) · ((x − low) / (high − low))^g between the image's own extremes,
 * which stay, so it suits intensities on any scale.
 *
 * @param gamma g is log-uniform in [1 / (1 + gamma), 1 + gamma].
 */
export function applyGamma(values: Float32Array, gamma: number, rng: Rng): Float32Array {
  const exponent = logUniform(rng, 1 + gamma);
  const [low, high] = rangeOf(values);
  const range = high - low;
  return range === 0 ? values : values.map((x) => low + range * ((x - low) / range) ** exponent);
}

/** Adds independent normal numbers; their standard deviation is uniform in [0, most]. Nothing is clipped. */
export function addNoise(values: Float32Array, most: number, rng: Rng): Float32Array {
  const deviation = rng.uniform(0, most);
  return values.map((x) => x + deviation * rng.normal());
}
