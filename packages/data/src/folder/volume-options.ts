import { requireIntegers, requireOption, ValueError } from '@sshn/core';
import { type SliceAxis, sliceAxes } from '../volumes/orientation.js';
import type { Triple } from '../volumes/volume.js';

/** How volumes become examples. All of them are turned to canonical orientation (RAS) first. */
export interface VolumeOptions {
  /** Edge of voxels in mm, one for all axes or `[depth, height, width]`, to which volumes are resampled. @default as stored */
  readonly spacingMm?: number | readonly number[];
  /**
   * Which volume of images that hold several (time points, modalities, weightings), from 0; label files hold one.
   *
   * @default images of one volume only
   */
  readonly frame?: number;
  /**
   * How all get one size: 'resize' stretches to it; 'pad' adds the lowest intensity and background, or crops, on all sides.
   *
   * @default 'resize'
   */
  readonly fit?: Fit;
  /** Examples are 2D slices instead of volumes. @default volumes */
  readonly slices?: SliceOptions;
}

export const fits = ['resize', 'pad'] as const;
export type Fit = (typeof fits)[number];

/** Which slices of a volume are examples. Indices count from 0 toward the right, the front or the top. */
export interface SliceOptions {
  readonly axis: SliceAxis;
  /** First and last index, in voxels after resampling; where a volume has less, those that it has. @default all */
  readonly range?: readonly number[];
  /** Every how many-th of them. @default 1 */
  readonly step?: number;
}

/** @throws {OptionError} or {ValueError} saying which option makes no sense, and why. */
export function checkVolumeOptions({ spacingMm, frame, fit = 'resize', slices }: VolumeOptions): void {
  requireOption('fit', fit, fits);
  if (frame !== undefined && !(Number.isInteger(frame) && frame >= 0)) {
    throw new ValueError({ where: 'frame', got: frame, expected: 'an index from 0' });
  }
  if (spacingMm !== undefined) {
    const edges = [spacingMm].flat();
    if ((edges.length !== 1 && edges.length !== 3) || !edges.every((mm) => mm > 0 && Number.isFinite(mm))) {
      throw new ValueError({
        where: 'spacingMm',
        got: spacingMm,
        expected: 'one positive edge in mm, or three',
      });
    }
  }
  if (slices === undefined) return;
  requireOption('slices.axis', slices.axis, sliceAxes);
  requireIntegers('slices', { step: slices.step ?? 1 });
  const { range } = slices;
  if (range === undefined) return;
  const [first = -1, last = -1] = range;
  const isRange = range.length === 2 && Number.isInteger(first) && Number.isInteger(last);
  if (!(isRange && first >= 0 && first <= last)) {
    throw new ValueError({
      where: 'slices.range',
      got: range,
      expected: 'the first and the last index, such as [80, 110]',
    });
  }
}

/** Depth, height and width of voxels. */
export function spacingTriple(spacingMm: number | readonly number[]): Triple {
  const [depth, height, width] =
    typeof spacingMm === 'number' ? [spacingMm, spacingMm, spacingMm] : spacingMm;
  return [depth!, height ?? depth!, width ?? depth!];
}

/** The indices of a volume's slices that are examples, of `count` that it has. */
export function sliceIndices(count: number, { range = [0, count - 1], step = 1 }: SliceOptions): number[] {
  const [first, last] = [range[0]!, Math.min(range[1]!, count - 1)];
  const indices: number[] = [];
  for (let index = first; index <= last; index += step) indices.push(index);
  return indices;
}

/** 'subject-01/coronal-096'. */
export function sliceName(subject: string, axis: SliceAxis, index: number): string {
  return `${subject}/${axis}-${String(index).padStart(3, '0')}`;
}
