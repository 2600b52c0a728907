import { ValueError } from '@sshn/core';
import type { Image, LabelMap } from '../dataset/types.js';
import { type Header, lossyLabels, type Raster, toImage, toImageOfSize, toLabels } from './raster.js';
import { bmpHeader, readBmp } from './readers/bmp.js';
import { looksLikeDicom } from './readers/dicom/file.js';
import { dicomHeader, readDicom } from './readers/dicom/image.js';
import { jpegHeader, readJpeg } from './readers/jpeg/read.js';
import { pngHeader, readPng } from './readers/png.js';
import { readTiff, tiffHeader } from './readers/tiff/read.js';
import { damaged, naming, orDamaged, Refusal, saveAsPng } from './refusal.js';

/** Limits while reading. */
export interface DecodeOptions {
  /** Larger images are refused before memory is taken for them. @default 2^26, that is 8192 × 8192 */
  readonly maxPixels?: number;
  /** Which image of several that a file holds, from 0. @default the only one; files of several are refused */
  readonly frame?: number;
}

/** Limits while reading, and what the image is converted to on the way. */
export interface DecodeImageOptions extends DecodeOptions {
  /**
   * `[height, width]` that the image is resized to, as by `resizeImage`. A large picture then never lies in memory as
   * floating-point numbers, which take 12 bytes a pixel. @default as stored
   */
  readonly size?: readonly number[];
  /** Channels that the image is converted to, as by `convertChannels`. @default as stored */
  readonly channels?: 1 | 3;
}

/** What a file says about its image before the pixels are read. */
export interface ImageHeader {
  readonly format: ImageFormat;
  /** `[height, width]`. */
  readonly size: readonly number[];
  /** 1 (grey) or 3 (RGB). */
  readonly channels: 1 | 3;
  /** How many images the file holds: several in DICOM alone. */
  readonly frames: number;
}

interface Reader {
  readonly name: string;
  header(bytes: Uint8Array): Header;
  read(bytes: Uint8Array, frame: number | undefined): Raster | Promise<Raster>;
}

const readers: Readonly<Record<ImageFormat, Reader>> = {
  png: { name: 'PNG', header: pngHeader, read: readPng },
  jpeg: { name: 'JPEG', header: jpegHeader, read: readJpeg },
  bmp: { name: 'BMP', header: bmpHeader, read: readBmp },
  tiff: { name: 'TIFF', header: tiffHeader, read: readTiff },
  dicom: { name: 'DICOM', header: dicomHeader, read: readDicom },
};

/**
 * Reads a PNG, JPEG, BMP, TIFF or DICOM image; the format is recognized by the first bytes, not by the name.
 *
 * Intensities are scaled to [0, 1] by bit depth: v / (2^bits − 1); floating-point TIFFs keep their values, and so do DICOM
 * files with signed or rescaled numbers, such as Hounsfield units. Palettes and inks (CMYK) become colors. The result has 1
 * channel (grey) or 3 (RGB); alpha is dropped and the color under it kept as stored.
 *
 * @param name What errors call the file, its path as a rule.
 * @throws {FileError} naming the file and the remedy, whatever the bytes.
 * @example
 * const image = await decodeImage(new Uint8Array(await file.arrayBuffer()), file.name);
 */
export async function decodeImage(
  bytes: Uint8Array,
  name: string,
  options: DecodeImageOptions = {},
): Promise<Image> {
  const { size, channels } = options;
  return read(bytes, name, options, (raster) =>
    size === undefined && channels === undefined ? toImage(raster) : toImageOfSize(raster, size, channels),
  );
}

/**
 * Reads a label map from a PNG, BMP, TIFF or DICOM file: grey values or palette indices as they are stored, 0 to 255. Color files
 * are read if all pixels are grey.
 *
 * @param name What errors call the file, its path as a rule.
 * @throws {FileError} naming the file and the remedy, whatever the bytes.
 */
export async function decodeLabels(
  bytes: Uint8Array,
  name: string,
  options: DecodeOptions = {},
): Promise<LabelMap> {
  return naming(name, async () => {
    // Before it is decoded: its compression changes label values.
    if (imageFormat(bytes) === 'jpeg') throw lossyLabels();
    return read(bytes, name, options, toLabels);
  });
}

/**
 * Size and channels of an image from the beginning of its file, without decoding it.
 *
 * @param bytes The whole file or its beginning; what lies behind can be missing as long as no header is there.
 * @throws {FileError} naming the file and the remedy.
 */
export function readImageHeader(bytes: Uint8Array, name: string, options: DecodeOptions = {}): ImageHeader {
  return naming(name, () => {
    const format = imageFormat(bytes);
    const { width, height, channels, frames = 1 } = checkedHeader(bytes, format, options);
    return { format, size: [height, width], channels, frames };
  });
}

async function read<Result>(
  bytes: Uint8Array,
  name: string,
  options: DecodeOptions,
  convert: (raster: Raster) => Result,
): Promise<Result> {
  return naming(name, async () => {
    const format = imageFormat(bytes);
    const { frames = 1 } = checkedHeader(bytes, format, options);
    const { frame } = options;
    if (frame !== undefined && !(Number.isInteger(frame) && frame >= 0 && frame < frames)) {
      const expected = frames === 1 ? '0: it holds one image' : `an index from 0 to ${frames - 1}`;
      throw new ValueError({ where: `${name}: frame`, got: frame, expected });
    }
    const raster = await orDamaged(readers[format].name, async () => readers[format].read(bytes, frame));
    return convert(raster);
  });
}

function checkedHeader(
  bytes: Uint8Array,
  format: ImageFormat,
  { maxPixels = 2 ** 26 }: DecodeOptions,
): Header {
  const header = orDamaged(readers[format].name, () => readers[format].header(bytes));
  const { width, height } = header;
  if (width < 1 || height < 1) throw damaged(readers[format].name, `a size of ${width} × ${height} pixels`);
  if (width * height > maxPixels) {
    throw new Refusal(
      `has ${width} × ${height} pixels, more than the limit of ${maxPixels}`,
      'Scale it down or cut it into tiles; if the size is wrong, the file is damaged.',
    );
  }
  return header;
}

/** Formats that are read. */
export type ImageFormat = 'png' | 'jpeg' | 'bmp' | 'tiff' | 'dicom';

const signatures: ReadonlyArray<readonly [ImageFormat, readonly number[]]> = [
  ['png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['jpeg', [0xff, 0xd8, 0xff]],
  ['bmp', [0x42, 0x4d]],
  ['tiff', [0x49, 0x49, 0x2a, 0x00]],
  ['tiff', [0x4d, 0x4d, 0x00, 0x2a]],
  ['tiff', [0x49, 0x49, 0x2b, 0x00]],
  ['tiff', [0x4d, 0x4d, 0x00, 0x2b]],
];

const convert = 'Convert it to an 8- or 16-bit PNG.';

/** What else lies in folders of images: how it begins, what it is, what to do. */
const strangers: ReadonlyArray<readonly [begin: string, what: string, remedy: string, at?: number]> = [
  ['GIF8', 'a GIF', convert],
  ['WEBP', 'a WebP image', convert, 8],
  ['ftyp', 'a HEIF, AVIF or video file', convert, 4],
  ['%PDF', 'a PDF', 'Export its image as a PNG.'],
  [
    '\x1f\x8b',
    'compressed with gzip (a NIfTI volume?)',
    'Volumes are read by `decodeNifti`, and lie in folders of their own.',
  ],
  ['PK\x03\x04', 'a zip archive', 'Unpack it.'],
  ['version https://git-lfs', 'a pointer of Git LFS, not the file itself', 'Fetch it with `git lfs pull`.'],
  ['<', 'a text file in HTML or XML, as failed downloads leave', 'Download it again.'],
];

/**
 * The format of a file by its first bytes; the extension of its name does not matter.
 *
 * @throws {Refusal} if it is none that is read, saying what it is where that can be told.
 */
export function imageFormat(bytes: Uint8Array): ImageFormat {
  // First: its preamble may hold the beginning of a TIFF.
  if (looksLikeDicom(bytes)) return 'dicom';
  for (const [format, signature] of signatures) {
    if (signature.every((byte, i) => bytes[i] === byte)) return format;
  }
  if (bytes.length === 0) throw new Refusal('is empty', 'Copy or export it again.');
  for (const [begin, what, remedy, at = 0] of strangers) {
    const there = String.fromCharCode(...bytes.subarray(at, at + begin.length));
    if (there === begin) throw new Refusal(`is ${what}, not a PNG, JPEG, BMP, TIFF or DICOM image`, remedy);
  }
  throw new Refusal('is not a PNG, JPEG, BMP, TIFF or DICOM image', saveAsPng);
}
