import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FileError } from '@sshn/core';
import {
  type DicomSource,
  decodeDicom,
  decodeImage,
  decodeLabels,
  decodeNifti,
  encodeNifti,
  type Image,
  readImageHeader,
  type Volume,
  volumeOf,
} from '@sshn/data';
import { writeFileAtomic } from '@sshn/model/node';
import { encode } from 'fast-png';

/** An image that is registered, with its place in space. */
export interface Picture {
  readonly path: string;
  /**
   * Volumes (NIfTI, DICOM series) have a place in the body. Raster images (PNG, TIFF, BMP, JPEG, DICOM of one frame) are one
   * slice deep, and their millimeters are pixels: x to the right, y down.
   */
  readonly format: 'volume' | 'raster';
  /** One for each channel, all on one grid. */
  readonly channels: readonly [Volume, ...Volume[]];
}

/** What a file with such a name holds, but for DICOM. */
function formatOf(path: string): Picture['format'] {
  return /\.nii(\.gz)?$/i.test(path) ? 'volume' : 'raster';
}

/** Reads an image, or the DICOM series in a folder. @throws {FileError} if it cannot be used. */
export async function readPicture(path: string): Promise<Picture> {
  if ((await stat(path)).isDirectory()) {
    return { path, format: 'volume', channels: [decodeDicom(await filesIn(path))] };
  }
  const bytes = await readFile(path);
  if (formatOf(path) === 'volume') {
    const volume = decodeNifti(bytes, path);
    if (volume.data.every(Number.isFinite)) return { path, format: 'volume', channels: [volume] };
    throw new FileError({
      path,
      problem: 'holds values that are not finite numbers',
      remedy: 'Replace them before saving it.',
    });
  }
  const { frames, channels } = readImageHeader(bytes, path);
  if (frames > 1 && channels === 1) {
    return { path, format: 'volume', channels: [decodeDicom([{ name: path, bytes }])] };
  }
  return { path, format: 'raster', channels: channelsOf(await decodeImage(bytes, path)) };
}

/** The files of a folder, but for hidden ones and the index that discs bring along. @throws {FileError} if it has none. */
async function filesIn(folder: string): Promise<DicomSource[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile() && !/^(\.|DICOMDIR$)/i.test(entry.name))
    .map(({ name }) => join(folder, name));
  if (names.length > 0) {
    return Promise.all(names.sort().map(async (name) => ({ name, bytes: await readFile(name) })));
  }
  throw new FileError({
    path: folder,
    problem: 'is a folder without files',
    remedy: 'Give an image, or the folder of one DICOM series.',
  });
}

function channelsOf(image: Image): readonly [Volume, ...Volume[]] {
  const { values, size, channels } = image;
  const [height, width] = size as [number, number];
  const channel = (c: number) =>
    volumeOf(
      Float32Array.from({ length: height * width }, (_, i) => values[i * channels + c]!),
      [1, height, width],
    );
  return [channel(0), ...Array.from({ length: channels - 1 }, (_, i) => channel(i + 1))];
}

/** Reads a label map. @throws {FileError} if it cannot be used, or its values are not whole. */
export async function readLabelPicture(path: string): Promise<Picture> {
  const bytes = await readFile(path);
  if (formatOf(path) === 'raster') {
    const { values, size } = await decodeLabels(bytes, path);
    const [height, width] = size as [number, number];
    return { path, format: 'raster', channels: [volumeOf(values, [1, height, width])] };
  }
  const volume = decodeNifti(bytes, path);
  const wrong = volume.data.find((value) => !Number.isInteger(value));
  if (wrong === undefined) return { path, format: 'volume', channels: [volume] };
  throw new FileError({
    path,
    problem: `holds the value ${wrong}, and labels are whole numbers`,
    remedy: 'If it was resampled, do it again by the nearest voxel; if it is an image, leave out --labels.',
  });
}

/**
 * Writes an image: NIfTI with numbers of the type that it has, or an 8-bit PNG, labels as they are and intensities from 0 to 1;
 * where some lie elsewhere, as a scanner's do, from the lowest to the highest.
 *
 * @throws {FileError} if the file cannot be written.
 */
export async function writePicture(path: string, { format, channels }: Picture): Promise<void> {
  const [first] = channels;
  if (format === 'volume') {
    await writeFileAtomic(path, encodeNifti(first, { gzip: /\.gz$/i.test(path) }));
    return;
  }
  const [, height, width] = first.shape;
  const [low, scale] = first.data instanceof Uint8Array ? [0, 1] : bytesRange(channels);
  const data = Uint8Array.from({ length: height * width * channels.length }, (_, i) => {
    const value = channels[i % channels.length]!.data[Math.floor(i / channels.length)]!;
    return Math.min(255, Math.max(0, Math.round((value - low) * scale)));
  });
  await writeFileAtomic(path, encode({ width, height, channels: channels.length, depth: 8, data }));
}

/** What is black, and by how much intensities are multiplied to become bytes. */
function bytesRange(channels: Picture['channels']): readonly [low: number, scale: number] {
  let [low, high] = [Infinity, -Infinity];
  for (const { data } of channels) {
    for (const value of data) [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  return low >= 0 && high <= 1 ? [0, 255] : [low, high > low ? 255 / (high - low) : 0];
}

/** Checks the name of a file to be written, before hours of work. @throws {FileError} if it is of another format. */
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

/** Checks that there is a folder for a file to be written, before minutes of work. @throws {FileError} if there is none. */
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
