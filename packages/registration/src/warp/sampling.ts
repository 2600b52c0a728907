/** How a value between voxels is made. */
export const interpolations = ['linear', 'nearest'] as const;
/** How an image goes on outside of its voxels. */
export const paddings = ['border', 'zeros', 'reflect'] as const;

/** `'linear'`: between the 4 (2D) or 8 (3D) voxels around; `'nearest'`: the nearest one, halves up, for label maps. */
export type Interpolation = (typeof interpolations)[number];

/**
 * What lies outside of the image: `'border'` the nearest voxel of its border; `'zeros'` zero, from one voxel beyond the
 * border on, linearly in between; `'reflect'` the image mirrored at the centers of its border voxels, over and over
 * (`c b a b c b a`).
 */
export type Padding = (typeof paddings)[number];

/** How an image is read at places between and beyond its voxels. */
export interface Sampling {
  /** @default 'linear' */
  readonly interpolation?: Interpolation;
  /** @default 'border' */
  readonly padding?: Padding;
}

/** A sampling with nothing left open. */
export type FullSampling = Required<Sampling>;
