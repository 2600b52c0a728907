import type { Image } from '@sshn/data';
import { checkerboard, difference } from './deformation.js';
import type { Html } from './html.js';
import { rangeOf } from './overlay.js';
import { gridPicture, picture } from './picture.js';

/** Two images and what a field made of the first: all of one size, the field in its voxels. */
export interface Aligned {
  readonly moving: Image;
  readonly fixed: Image;
  readonly moved: Image;
  readonly field: Float32Array;
}

/** Words below the pictures that say which is which. */
export const alignmentNames = [
  'moving',
  'fixed',
  'moved, with the deformed grid',
  'difference before',
  'difference after',
  'moved and fixed in turn',
] as const;

/** What a registration did, in pictures, in the order of `alignmentNames`; both differences have one scale. */
export function alignmentPictures({ moving, fixed, moved, field }: Aligned, name: string): Html[] {
  const [before, after] = [difference(moving, fixed), difference(moved, fixed)];
  const scale = rangeOf(before.values);
  return [
    picture(moving, undefined, undefined, `Moving image of ${name}`),
    picture(fixed, undefined, undefined, `Fixed image of ${name}`),
    gridPicture(moved, field, `Moved image of ${name}, the deformed grid over it`),
    picture(before, undefined, undefined, `Difference of ${name} before`, scale),
    picture(after, undefined, undefined, `Difference of ${name} after`, scale),
    picture(checkerboard(moved, fixed), undefined, undefined, `Moved and fixed image of ${name} in squares`),
  ];
}
