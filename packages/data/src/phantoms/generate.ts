import type { Dataset } from '../dataset/types.js';

/** What to generate. */
export interface PhantomOptions {
  /** 'cells': 2D smears, RGB, labels background, cytoplasm, nucleus. 'blobs': 2D or 3D blobs of two kinds, grey. */
  readonly kind: 'cells' | 'blobs';
  readonly count: number;
  /** `[height, width]`, for blobs also `[depth, height, width]`. */
  readonly size: readonly number[];
  readonly seed: number;
}

/** A dataset of generated, labelled images, made as they are loaded. */
export function generatePhantoms(_options: PhantomOptions): Dataset {
  throw new Error('internal: being written');
}
