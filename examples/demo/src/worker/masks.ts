import {
  encodeNifti,
  type LabelMap,
  orientationOf,
  orientationOfSlices,
  reorient,
  type Volume,
} from '@sshn/data';
import { encode } from 'fast-png';
import type { NamedFile, SliceAxis } from './protocol.js';

/** Labels as a PNG whose grey values are the labels: 0 is background. */
export function pngMask({ values, size }: LabelMap, of: string): NamedFile {
  const [height, width] = size as [number, number];
  const bytes = encode({ width, height, channels: 1, depth: 8, data: values });
  return { name: `${stemOf(of)}-mask.png`, bytes: Uint8Array.from(bytes) };
}

/** Labels on the grid of a volume as NIfTI. @param values In the volume's own order of axes. */
export function niftiMask(values: Uint8Array, volume: Volume, of: string): NamedFile {
  const bytes = encodeNifti({ ...volume, data: values });
  return { name: `${stemOf(of)}-mask.nii.gz`, bytes: Uint8Array.from(bytes) };
}

/** Labels of all slices along an axis, one after the other, in the order of axes of their volume. */
export function inOrderOf(slices: Uint8Array, axis: SliceAxis, volume: Volume): Uint8Array {
  const turned = reorient(volume, orientationOfSlices(axis));
  return reorient({ ...turned, data: slices }, orientationOf(volume)).data;
}

function stemOf(name: string): string {
  return name
    .replace(/ and \d+ more$/, '')
    .replace(/\.nii\.gz$|\.[^./]*$/i, '')
    .replace(/\s+/g, '-');
}
