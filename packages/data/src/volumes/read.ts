import { FileError } from '@sshn/core';
import { decodeNifti, readNiftiHeader } from './nifti/decode.js';
import { looksLikeNifti } from './nifti/header.js';
import { decodeNpz } from './npz.js';
import { decodeNrrd, readNrrdHeader } from './nrrd.js';
import { looksLikeNrrd } from './nrrd-header.js';
import type { Grid } from './orientation.js';
import { decodeStack } from './stack.js';
import type { Volume } from './volume.js';

/** Formats of volumes in one file. */
export type VolumeFormat = 'nifti' | 'nrrd' | 'npz' | 'tiff';

/** How to read a volume of any format. */
export interface DecodeVolumeOptions {
  /** Which volume of several, from 0, in NIfTI and NRRD. @default only files of one volume are read */
  readonly frame?: number;
  /** Larger volumes are refused before memory is taken for them. @default 2^27, that is 512 × 512 × 512 */
  readonly maxVoxels?: number;
}

/** The format of a volume by its first bytes; undefined if it is none of these. Any gzip stream is taken for NIfTI. */
export function volumeFormat(bytes: Uint8Array): VolumeFormat | undefined {
  if ((bytes[0] === 0x1f && bytes[1] === 0x8b) || looksLikeNifti(bytes)) return 'nifti';
  if (looksLikeNrrd(bytes)) return 'nrrd';
  const begin = String.fromCharCode(...bytes.subarray(0, 4));
  if (begin === 'PK\x03\x04') return 'npz';
  return /^(II[*+]\0|MM\0[*+])/.test(begin) ? 'tiff' : undefined;
}

/**
 * Reads a volume from one file: NIfTI, NRRD, an array of NumPy (npz) or a TIFF stack, by its first bytes.
 *
 * @throws {FileError} naming the file and the remedy; {ValueError} if there is no such frame.
 * @example
 * const volume = reorient(await decodeVolume(bytes, 'scan.nrrd'));
 */
export async function decodeVolume(
  bytes: Uint8Array,
  name: string,
  options: DecodeVolumeOptions = {},
): Promise<Volume> {
  switch (volumeFormat(bytes)) {
    case 'nrrd':
      return decodeNrrd(bytes, name, options);
    case 'npz':
      return decodeNpz(bytes, name, options);
    case 'tiff':
      return decodeStack(bytes, name, options);
    case 'nifti':
      return decodeNifti(bytes, name, options);
    default:
      throw new FileError({
        path: name,
        problem: 'is not a volume of a format that is read: NIfTI, NRRD, npz, a TIFF stack',
        remedy: 'Save it as .nii.gz.',
      });
  }
}

/** Shape and place of a volume and how many the file holds, from its beginning where the format allows it. */
export async function readVolumeGrid(
  read: (limit?: number) => Promise<Uint8Array>,
  name: string,
): Promise<Grid & { readonly frames: number }> {
  const head = await read(headLength);
  const format = volumeFormat(head);
  if (format === 'nifti') return readNiftiHeader(head, name);
  if (format === 'nrrd') return readNrrdHeader(head, name);
  const { shape, spacingMm, affine } = await decodeVolume(await read(), name);
  return { shape, spacingMm, affine, frames: 1 };
}

/** Enough of a file for its header. */
const headLength = 1 << 16;
