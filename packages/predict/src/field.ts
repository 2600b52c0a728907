import { encodeNifti, type Grid, orientationOf, reorient, resampleOnto, type Volume } from '@sshn/data';
import type { Picture } from './picture.js';

/** A displacement in millimeters toward the right, the front and the top (RAS) for every voxel of a grid. */
export interface FieldMm {
  readonly grid: Grid;
  readonly displacementMm: readonly [x: Float32Array, y: Float32Array, z: Float32Array];
}

type Components = FieldMm['displacementMm'];

/**
 * An image warped by a field, on the grid of the field: every voxel shows what lies in the moving image at the voxel's own
 * place plus its displacement. What lies outside of the moving image is 0.
 *
 * @param interpolation 'linear' for images, 'nearest' for label maps.
 */
export function warpPicture(moving: Picture, field: FieldMm, interpolation: 'linear' | 'nearest'): Picture {
  const { grid, displacementMm } = field;
  const [first, ...more] = moving.channels.map((channel) =>
    resampleOnto(channel, grid, { interpolation, displacementMm }),
  );
  return { ...moving, channels: [first!, ...more] };
}

/** A field as the bytes of a NIfTI vector image: intent 1007, shape x, y, z, 1, 3. */
export function encodeField(
  { grid, displacementMm: [x, y, z] }: FieldMm,
  { gzip }: { readonly gzip: boolean },
): Uint8Array {
  const component = (data: Float32Array): Volume => ({ ...grid, data });
  return encodeNifti([component(x), component(y), component(z)], { series: 'vector', gzip });
}

/**
 * A displacement in millimeters toward right, front and top, from one in voxels of a grid.
 *
 * @param field Vectors one after another, along the last `rank` axes of the grid, in the order of the axes.
 */
export function displacementInMm(field: Float32Array, { affine }: Grid, rank: number): Components {
  const component = (world: 0 | 1 | 2): Float32Array => {
    const columns = affine[world].slice(3 - rank, 3);
    const result = new Float32Array(field.length / rank);
    for (let i = 0; i < result.length; i++) {
      let sum = 0;
      for (let axis = 0; axis < rank; axis++) sum += columns[axis]! * field[i * rank + axis]!;
      result[i] = sum;
    }
    return result;
  };
  return [component(0), component(1), component(2)];
}

/** A field on a grid, in the axis order of another grid. */
export function turnedTo(original: Grid, grid: Grid, displacementMm: Components): FieldMm {
  const orientation = orientationOf(original);
  const turned = (data: Float32Array): Float32Array => {
    const volume: Volume<Float32Array> = { ...grid, data };
    return reorient(volume, orientation).data;
  };
  const [x, y, z] = displacementMm;
  const { shape, spacingMm, affine } = original;
  return { grid: { shape, spacingMm, affine }, displacementMm: [turned(x), turned(y), turned(z)] };
}

/** The longest vector. */
export function longest([x, y, z]: Components): number {
  return x.reduce((most, value, i) => Math.max(most, Math.hypot(value, y[i]!, z[i]!)), 0);
}
