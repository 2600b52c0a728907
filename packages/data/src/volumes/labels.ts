import type { Volume } from './volume.js';

/** What `wholeLabels` makes of a volume. */
export interface WholeLabels {
  /** Whole numbers; undefined if the volume does not hold labels. */
  readonly labels: Volume | undefined;
  /** The first number that had to be rounded, if any had to. */
  readonly rounded?: number;
  /** The first number that is too far from a whole one, if there is one. */
  readonly wrong?: number;
}

/**
 * Labels as whole numbers: tools that save floating-point labels with an integer header let it scale them, and 2 comes back
 * as 2.004 or 1.0000153. Numbers are rounded if every one of them lies within a 500th of the largest (what 8 bits resolve),
 * and never more than a tenth, of a whole number. Interpolated labels do not.
 *
 * @returns The volume itself where nothing had to be rounded, else one of 32-bit floats.
 * @example
 * const { labels, rounded } = wholeLabels(decodeNifti(bytes, 'labels.nii.gz'));
 */
export function wholeLabels(volume: Volume): WholeLabels {
  const { data } = volume;
  if (!(data instanceof Float32Array || data instanceof Float64Array)) return { labels: volume };
  let largest = 0;
  for (const value of data) if (Math.abs(value) > largest) largest = Math.abs(value);
  const tolerance = Math.min(0.1, largest / 500 + 1e-6);
  let rounded: number | undefined;
  for (const value of data) {
    const distance = Math.abs(value - Math.round(value));
    if (distance === 0) continue;
    if (!(distance <= tolerance)) return { labels: undefined, wrong: value };
    rounded ??= value;
  }
  if (rounded === undefined) return { labels: volume };
  // No negative zeros.
  return { labels: { ...volume, data: Float32Array.from(data, (value) => Math.round(value) + 0) }, rounded };
}
