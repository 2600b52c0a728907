import { FileError, ValueError } from '@sshn/core';
import {
  type DicomSource,
  decodeVolume,
  readImageHeader,
  readNiftiHeader,
  readNrrdHeader,
  volumeFormat,
} from '@sshn/data';
import type { Manifest } from '@sshn/model';
import { decodePicture, decodeSeries, type Picture } from '@sshn/predict';
import type { UploadedFile } from './protocol.js';

/** An image that came with a request. */
export interface Input {
  readonly picture: Picture;
  /** The DICOM files that a segmentation refers to; undefined where the image is of another format. */
  readonly series: readonly DicomSource[] | undefined;
  /** What the reader had to say. */
  readonly notes: readonly string[];
}

/**
 * Reads the files of a request, each by what it holds and not by its name: one image or volume, or all files of a DICOM series.
 *
 * @throws {FileError} if they cannot be read, or are larger than `maxVoxels`.
 */
export async function readInput(
  files: readonly UploadedFile[],
  { preprocessing }: Pick<Manifest, 'preprocessing'>,
  maxVoxels: number,
): Promise<Input> {
  const notes: string[] = [];
  const onWarning = (note: string): void => {
    notes.push(note);
  };
  const sources = files.map((file) => ({ name: nameOf(file), bytes: file.bytes }));
  const [first] = sources;
  if (first === undefined)
    throw new ValueError({ where: 'image', got: 'no file', expected: 'an image, or the files of a series' });
  if (sources.length > 1)
    return {
      picture: await decodeSeries(sources, 'the series', { onWarning, maxVoxels }),
      series: sources,
      notes,
    };
  const count = await voxelsOf(first, maxVoxels);
  if (count > maxVoxels) {
    throw new FileError({
      path: first.name,
      problem: `has ${count} pixels or voxels, and this server takes ${maxVoxels}`,
      remedy: 'Send a smaller image, or a part of it.',
    });
  }
  const isDicom = volumeFormat(first.bytes) === undefined && headerOf(first)?.format === 'dicom';
  const isVolumeModel = preprocessing.size.length === 3 || preprocessing.volumes !== undefined;
  const picture =
    isDicom && isVolumeModel
      ? await decodeSeries([first], first.name, { onWarning, maxVoxels })
      : await decodePicture(first.bytes, first.name, { onWarning, maxVoxels });
  return { picture, series: isDicom ? [first] : undefined, notes };
}

/** A name for errors that says nothing wrong about the format: NIfTI files are known by their ending. */
function nameOf({ name, bytes }: UploadedFile): string {
  const plain = (name.split(/[\\/]/).at(-1) ?? '').replace(/[^\p{L}\p{N} ._()-]/gu, '_').slice(-80);
  const stem = plain.replace(/\.nii(\.gz)?$/i, '') || 'image';
  if (volumeFormat(bytes) !== 'nifti') return stem;
  return `${stem}${bytes[0] === 0x1f ? '.nii.gz' : '.nii'}`;
}

/** Pixels or voxels of a file by its header; 0 if it has none that can be read. */
async function voxelsOf(file: DicomSource, maxVoxels: number): Promise<number> {
  const format = volumeFormat(file.bytes);
  // The size stands within what is compressed.
  if (format === 'npz') return (await decodeVolume(file.bytes, file.name, { maxVoxels })).data.length;
  if (format === 'nifti' || format === 'nrrd') {
    const read = format === 'nifti' ? readNiftiHeader : readNrrdHeader;
    const { shape, frames } = read(file.bytes, file.name);
    return product(shape) * Math.max(1, frames);
  }
  const header = headerOf(file);
  return header === undefined ? 0 : product(header.size) * header.frames;
}

/** What the header of an image says; undefined if it is none, which its reader explains better. */
function headerOf({ bytes, name }: DicomSource): ReturnType<typeof readImageHeader> | undefined {
  try {
    return readImageHeader(bytes, name);
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((count, size) => count * size, 1);
}
