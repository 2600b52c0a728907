import { padOrCrop, resampleImage, shapeOn, type Volume } from '@sshn/data';
import type { Manifest } from '@sshn/model';
import { rescaleField } from '@sshn/registration';
import { pad, slice, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** How volumes become what a network sees: as in its training. */
export interface WorkingGrid {
  /** A volume at the spacing of training, padded or cropped to its size where training did that. */
  bring(volume: Volume): Volume;
  /**
   * A field `[1, ...size, 3]` that lies on the grid of the network, on that of the volume: `[1, ...shape, 3]`, in voxels
   * of it. What the network did not see stays where it is.
   */
  back(field: Tensor): Tensor;
}

/**
 * The way of volumes of one shape to a network and back.
 *
 * @param size That the network sees.
 */
export function workingGrid(
  { shape, spacingMm }: Pick<Volume, 'shape' | 'spacingMm'>,
  size: readonly number[],
  { spacingMm: wanted, fit }: NonNullable<Manifest['preprocessing']['volumes']> = { fit: 'resize' },
): WorkingGrid {
  const resampled =
    wanted === undefined ? shape : shapeOn({ shape, spacingMm }, { spacingMm: triple(wanted) });
  return {
    bring(volume) {
      const atSpacing = resampleImage(volume, { shape: resampled });
      if (fit === 'resize') return atSpacing;
      return padOrCrop(atSpacing, triple(size), lowest(atSpacing.data));
    },
    back: (field) =>
      tidy(() => rescaleField(fit === 'resize' ? field : uncropped(field, resampled), [...shape])),
  };
}

/** The way back of `padOrCrop`, for a field; no displacement where there was none. */
function uncropped(field: Tensor, shape: readonly number[]): Tensor {
  const shifts = shape.map((n, axis) => Math.trunc((n - field.shape[axis + 1]!) / 2));
  const begin = shifts.map((shift) => Math.max(0, -shift));
  const count = shape.map((n, axis) => Math.min(n, field.shape[axis + 1]!));
  const inside = slice(field, [0, ...begin, 0], [1, ...count, 3]);
  const around = shape.map((n, axis): [number, number] => {
    const before = Math.max(0, shifts[axis]!);
    return [before, n - before - count[axis]!];
  });
  return pad(inside, [[0, 0], ...around, [0, 0]]);
}

function lowest(values: ArrayLike<number>): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < values.length; i++) least = Math.min(least, values[i]!);
  return least;
}

function triple(values: readonly number[]): readonly [number, number, number] {
  return values as unknown as readonly [number, number, number];
}
