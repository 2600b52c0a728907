import type { Rng } from '@sshn/core';
import type { Example } from '../dataset/types.js';

/** What may be changed at random, and by how much; everything is off unless given. */
export interface AugmentConfig {
  /** Axes that are flipped, each with probability ½. */
  readonly flip?: ReadonlyArray<'depth' | 'height' | 'width'>;
  /** In the plane of height and width: uniform in ± this many degrees. */
  readonly rotationDegrees?: number;
  /** Magnification: log-uniform in [1 / (1 + scale), 1 + scale]. */
  readonly scale?: number;
  /** Smooth random displacements: their standard deviation and the distance of their control points, in pixels. */
  readonly elastic?: { readonly strength: number; readonly spacing: number };
  /** Exponent of the intensities: log-uniform in [1 / (1 + gamma), 1 + gamma]. */
  readonly gamma?: number;
  /** Gaussian noise whose standard deviation is uniform in [0, noise]. */
  readonly noise?: number;
}

/** A function for `batches({ transform })` that changes image and labels together. */
export function augment(_config: AugmentConfig): (example: Example, rng: Rng) => Example {
  throw new Error('internal: being written');
}
