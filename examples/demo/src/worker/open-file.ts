import { ValueError } from '@sshn/core';
import {
  decodeDicom,
  decodeImage,
  decodeNifti,
  type Image,
  normalizeIntensity,
  orientationOfSlices,
  readImageHeader,
  reorient,
  sliceOf,
  type Volume,
} from '@sshn/data';
import type { NamedFile, SliceAxis } from './protocol.js';

/** What a file holds. */
export type OpenedFile =
  | { readonly kind: 'image'; readonly image: Image }
  | { readonly kind: 'volume'; readonly volume: Volume };

/** More would not fit the memory of a phone. */
const limits = { maxPixels: 2 ** 25, maxVoxels: 2 ** 25 };

/**
 * Reads PNG, JPEG, BMP, TIFF, NIfTI or DICOM; several files are those of one DICOM series. NIfTI is told by its header,
 * plain or compressed, all else by its first bytes.
 *
 * @throws {FileError} naming the file and the remedy, whatever the bytes.
 */
export async function openFiles(files: readonly NamedFile[]): Promise<OpenedFile> {
  if (files.length > 1)
    return { kind: 'volume', volume: await decodeDicom(files, { ...limits, onWarning: refuse }) };
  const { name, bytes } = files[0]!;
  if (isNifti(bytes, name)) {
    return { kind: 'volume', volume: decodeNifti(bytes, name, { ...limits, frame: 0 }) };
  }
  const { format, channels, frames } = readImageHeader(bytes, name, limits);
  if (frames > 1 && channels === 1) return { kind: 'volume', volume: await decodeDicom(files, limits) };
  const image = await decodeImage(bytes, name, limits);
  // A scanner's numbers, Hounsfield units for one, lie anywhere.
  const isScan = format === 'dicom' && channels === 1;
  return { kind: 'image', image: isScan ? { ...image, values: inUnitRange(image.values) } : image };
}

/** A page shows one error at a time, and no warnings. @throws {ValueError} with the warning. */
function refuse(warning: string): never {
  throw new ValueError({
    where: 'files',
    got: warning,
    expected: 'the files of one DICOM series, and nothing else',
  });
}

/** What a person calls the files: the first of a series with how many others. */
export function nameOf([first, ...others]: readonly NamedFile[]): string {
  return others.length === 0 ? first!.name : `${first!.name} and ${others.length} more`;
}

/** Slices of a volume along one axis, upright, with intensities in [0, 1]. */
export interface SliceStack {
  readonly axis: SliceAxis;
  readonly count: number;
  image(index: number): Image;
}

/** Lays a volume's slices along an axis out; intensities are clipped to the percentiles 1 and 99 of each slice. */
export function sliceStack(volume: Volume, axis: SliceAxis): SliceStack {
  const turned = reorient(volume, orientationOfSlices(axis));
  return {
    axis,
    count: turned.shape[0],
    image: (index) => {
      const { data, shape } = sliceOf(turned, index);
      return { values: inUnitRange(Float32Array.from(data)), size: [shape[1], shape[2]], channels: 1 };
    },
  };
}

/** Clipped to the percentiles 1 and 99 and stretched to [0, 1]. */
function inUnitRange(values: Float32Array): Float32Array {
  return normalizeIntensity(values, { kind: 'percentile', low: 1, high: 99 });
}

/** By its magic number, its header's length, or, compressed, by its first bytes and its name. */
function isNifti(bytes: Uint8Array, name: string): boolean {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return true;
  const magicAt = (offset: number) => String.fromCharCode(...bytes.subarray(offset, offset + 2));
  return magicAt(344) === 'n+' || magicAt(4) === 'n+' || /\.nii$/i.test(name);
}
