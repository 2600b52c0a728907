import { OptionError, ValueError } from '@sshn/core';

/** Axes of an image, outermost first. */
export const axisNames = ['depth', 'height', 'width'] as const;
export type AxisName = (typeof axisNames)[number];

/** What is changed at random, and by how much; everything is off unless given. */
export interface AugmentConfig {
  /** Axes that are flipped, each with probability ½. */
  readonly flip?: readonly AxisName[];
  /** Turns in the plane of height and width, uniform in ± this many degrees (0 to 180). */
  readonly rotationDegrees?: number;
  /** Magnification, log-uniform in [1 / (1 + scale), 1 + scale]; at least 0. */
  readonly scale?: number;
  /** Smooth random displacements, interpolated by cubic B-splines between the points of a grid. */
  readonly elastic?: {
    /** Standard deviation of each component of the displacements, in pixels; above spacing / 3 they may fold. */
    readonly strength: number;
    /** Distance of the grid's points in pixels, at least 1. */
    readonly spacing: number;
  };
  /** Exponent of the intensities between the image's extremes, log-uniform in [1 / (1 + gamma), 1 + gamma]. */
  readonly gamma?: number;
  /** Gaussian noise, its standard deviation uniform in [0, noise], in units of the intensities; at least 0. */
  readonly noise?: number;
}

const keys = ['flip', 'rotationDegrees', 'scale', 'elastic', 'gamma', 'noise'] as const;

/**
 * Checks a configuration as it comes from a file.
 *
 * @throws {OptionError} if a key or an axis is unknown; {ValueError} if a strength is out of range.
 */
export function checkAugmentConfig(config: AugmentConfig): void {
  for (const key of Object.keys(config)) {
    if (!(keys as readonly string[]).includes(key)) throw new OptionError('augment', key, keys);
  }
  for (const axis of config.flip ?? []) {
    if (!axisNames.includes(axis)) throw new OptionError('augment.flip', axis, axisNames);
  }
  const { rotationDegrees = 0, scale = 0, gamma = 0, noise = 0, elastic } = config;
  requireRange('rotationDegrees', rotationDegrees, 0, 180);
  requireRange('scale', scale, 0, Number.MAX_VALUE);
  requireRange('gamma', gamma, 0, Number.MAX_VALUE);
  requireRange('noise', noise, 0, Number.MAX_VALUE);
  if (elastic !== undefined) {
    requireRange('elastic.strength', elastic.strength, 0, Number.MAX_VALUE);
    requireRange('elastic.spacing', elastic.spacing, 1, Number.MAX_VALUE);
  }
}

function requireRange(name: string, value: number, low: number, high: number): void {
  if (!(value >= low && value <= high)) {
    const expected =
      high === Number.MAX_VALUE ? `a number of at least ${low}` : `a number from ${low} to ${high}`;
    throw new ValueError({ where: `augment: ${name}`, got: value, expected });
  }
}
