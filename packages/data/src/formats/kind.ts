import { looksLikeDicom } from './readers/dicom/file.js';
import { Refusal, saveAsPng } from './refusal.js';

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
