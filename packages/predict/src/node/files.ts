import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FileError, firstNonFinite } from '@sshn/core';
import { type DecodeDicomOptions, type DicomSource, decodeNifti, readNiftiHeader } from '@sshn/data';
import { writeFileAtomic } from '@sshn/model/node';
import { encodeField, type FieldMm } from '../field.js';
import {
  decodeLabelPicture,
  decodePicture,
  decodeSeries,
  encodePicture,
  formatOf,
  type Picture,
} from '../picture.js';

/**
 * Reads an image file, or the DICOM series in a folder.
 *
 * @param options Which volume of several; what is called with files that were left out.
 * @throws {FileError} if it cannot be used.
 */
export async function readPicture(path: string, options: DecodeDicomOptions = {}): Promise<Picture> {
  if ((await stat(path)).isDirectory()) return decodeSeries(await filesIn(path), path, options);
  return decodePicture(await readRegular(path), path, options);
}

/**
 * The files of a DICOM series: of a folder, or one file of several frames. `decodeSeries` reads them.
 *
 * @throws {FileError} if they cannot be read, the folder has none, or the file is of another format.
 */
export async function readSeriesFiles(path: string): Promise<readonly DicomSource[]> {
  if ((await stat(path)).isDirectory()) return filesIn(path);
  const bytes = await readRegular(path);
  if (/\.dcm$/i.test(path) || bytes.toString('latin1', 128, 132) === 'DICM') return [{ name: path, bytes }];
  throw new FileError({
    path,
    problem: 'is no DICOM file, and a DICOM segmentation refers to the series it was made of',
    remedy: 'Give the folder of a DICOM series, or write nii.gz or nrrd.',
  });
}

/** Reads a label map. @throws {FileError} if it cannot be used, or its values are not whole. */
export async function readLabelPicture(
  path: string,
  options: Pick<DecodeDicomOptions, 'frame'> = {},
): Promise<Picture> {
  return decodeLabelPicture(await readRegular(path), path, options);
}

/**
 * All bytes of a file.
 *
 * @throws {FileError} unless it is a file: a pipe or a device may never end.
 */
async function readRegular(path: string): Promise<Buffer> {
  if (!(await stat(path)).isFile()) {
    throw new FileError({
      path,
      problem: 'is a folder, a pipe, a socket or a device, not a file',
      remedy: 'Give a file.',
    });
  }
  return readFile(path);
}

/** The files of a folder, without hidden ones and a disc's index. @throws {FileError} if it has none. */
async function filesIn(folder: string): Promise<DicomSource[]> {
  const names = (await readdir(folder)).filter((name) => !/^(\.|DICOMDIR$)/i.test(name)).sort();
  const files: DicomSource[] = [];
  // One after another: a series may have more files than a process may open.
  for (const name of names.map((one) => join(folder, one))) {
    if ((await stat(name)).isFile()) files.push({ name, bytes: await readFile(name) });
  }
  if (files.length > 0) return files;
  throw new FileError({
    path: folder,
    problem: 'is a folder without files',
    remedy: 'Give an image, or the folder of one DICOM series.',
  });
}

/** Writes an image: see `encodePicture`. @throws {FileError} if the file cannot be written. */
export async function writePicture(path: string, picture: Picture): Promise<void> {
  await writeFileAtomic(path, encodePicture(picture, { gzip: /\.gz$/i.test(path) }));
}

/** Checks the name of an output file before the work begins. @throws {FileError} if it is of another format. */
export function requireOutput(path: string | undefined, format: Picture['format']): void {
  if (path === undefined) return;
  const fits = format === 'volume' ? formatOf(path) === 'volume' : /\.png$/i.test(path);
  if (fits) return;
  throw new FileError({
    path,
    problem: `is no name for ${format === 'volume' ? 'a volume' : 'a raster image'}`,
    remedy: `Call it ${format === 'volume' ? '.nii.gz or .nii' : '.png'}, like the fixed image.`,
  });
}

/** Writes a field as a NIfTI vector image: intent 1007, shape x, y, z, 1, 3. @throws {FileError} if that fails. */
export async function writeField(path: string, field: FieldMm): Promise<void> {
  await writeFileAtomic(path, encodeField(field, { gzip: /\.gz$/i.test(path) }));
}

/** Reads what `writeField` wrote. @throws {FileError} if the file holds no vectors of three components, or bad numbers. */
export async function readField(path: string): Promise<FieldMm> {
  const bytes = await readRegular(path);
  const { shape, spacingMm, affine, frames, isVector } = readNiftiHeader(bytes, path);
  if (!isVector || frames !== 3) {
    const what = isVector ? `vectors of ${frames}` : frames === 1 ? 'one number' : `${frames} volumes`;
    throw new FileError({
      path,
      problem: `holds ${what}${isVector ? ' components' : frames === 1 ? ' per voxel' : ''}, and a field has a vector of 3 in every voxel (shape x, y, z, 1, 3; intent 1007)`,
      remedy: 'Give what `sshn register --field` wrote.',
    });
  }
  const component = (frame: number): Float32Array => {
    const data = Float32Array.from(decodeNifti(bytes, path, { frame }).data);
    if (firstNonFinite(data) === undefined) return data;
    throw new FileError({
      path,
      problem: 'holds displacements that are not finite numbers',
      remedy: 'Make the field again.',
    });
  };
  return { grid: { shape, spacingMm, affine }, displacementMm: [component(0), component(1), component(2)] };
}

/** Checks the name of a field's file. @throws {FileError} if it is no NIfTI file. */
export function requireFieldName(path: string | undefined): void {
  if (path === undefined || /\.nii(\.gz)?$/i.test(path)) return;
  throw new FileError({ path, problem: 'is no name for a field', remedy: 'Call it .nii.gz or .nii.' });
}

/** Checks that there is a folder for an output file before the work begins. @throws {FileError} if there is none. */
export async function requireFolder(path: string | undefined): Promise<void> {
  if (path === undefined) return;
  const folder = dirname(path);
  if ((await stat(folder).catch(() => undefined))?.isDirectory()) return;
  throw new FileError({
    path,
    problem: `is to lie in ${folder}, and there is no such folder`,
    remedy: 'Make it first, or choose another one.',
  });
}
