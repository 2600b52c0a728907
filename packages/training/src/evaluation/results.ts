import type { Factor } from '@sshn/core';
import type { SurfaceResult } from './surface-over.js';

/**
 * What one trained network reaches at one rescaling.
 *
 * @typeParam At How its factors are told: `number` for one common to all downsampling steps, a list for separate ones.
 */
export interface FactorResult<At extends Factor = number> {
  readonly factor: At;
  /** Mean hard Dice over foreground labels and images, in [0, 1]. */
  readonly dice: number;
  /** Mean Dice of each foreground label, by label name; NaN where a label occurs nowhere. */
  readonly diceByLabel: Readonly<Record<string, number>>;
  /** Image–label pairs without a defined Dice: absent from both prediction and truth. */
  readonly undefinedCases: number;
  /** Of registration: mean Dice of the labels before it. */
  readonly diceBefore?: number;
  /** Of registration: mean share of folded voxels, in percent. */
  readonly foldedPercent?: number;
  /** FLOPs of one forward pass on one image, in units of 10⁹. */
  readonly gflops: number;
  /** Median time of one forward pass on one image here, in milliseconds. */
  readonly milliseconds: number;
  /** Distances between surfaces, where they were asked for. */
  readonly surface?: SurfaceResult;
}
