import type { SimilarityName } from '../objective/objective.js';
import type { AffineMatrix } from './matrix.js';

/** What an affine registration may change: rotation and translation, one scale too, or everything. */
export const affineKinds = ['rigid', 'similarity', 'affine'] as const;
/** A word for that. */
export type AffineKind = (typeof affineKinds)[number];

/** How two images are aligned. */
export interface AffineRegistrationOptions {
  /** @default 'affine' */
  readonly kind?: AffineKind;
  /** What makes images alike; `'mutualInformation'` for two modalities. @default 'globalNcc' */
  readonly similarity?: SimilarityName;
  /** From voxels of the moving image to millimeters, `rank × (rank + 1)`. @default voxels of 1 mm from the origin */
  readonly movingToWorld?: AffineMatrix;
  /** The same of the fixed image. */
  readonly fixedToWorld?: AffineMatrix;
  /** How far to each side rotations are tried to begin with, in degrees, 0 to 180. @default 40 */
  readonly searchDegrees?: number;
  /** Places of the fixed image that the finest level compares, ≥ 100. @default 20000 */
  readonly samples?: number;
  /** Called after every stage of the search. */
  readonly onProgress?: (progress: AffineProgress) => void;
  /** Aborting ends the search soon, with the best that is reached by then. */
  readonly signal?: AbortSignal;
}

/** A stage of the search that is done. */
export interface AffineProgress {
  /** From 1. */
  readonly stage: number;
  readonly stages: number;
  /** Edge of the voxels it worked in, in mm. */
  readonly edgeMm: number;
  /** How unlike the images are now; smaller is more alike. */
  readonly loss: number;
}
