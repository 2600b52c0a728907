import { FileError } from '@sshn/core';
import { type Dataset, openFiles, type SourceFile } from '@sshn/data';
import type { NamedFile } from './protocol.js';

/** A folder as a person chose it: paths of its files are relative to it. */
export interface OwnFolder {
  readonly name: string;
  readonly files: readonly NamedFile[];
}

/** What is read here, for errors. */
const expected =
  'a folder with images/ and labels/ (or masks/) that hold the same file names: images are PNG, JPEG, TIFF, BMP or DICOM, labels PNG, TIFF or BMP with whole numbers from 0, the background';

/**
 * The images and labels of a person's folder, brought to squares.
 *
 * @param edge Of the squares, in pixels. @param onWarning Hears what was left out.
 * @throws {FileError} saying what was expected, if it is none such.
 */
export async function openOwnFolder(
  { name, files }: OwnFolder,
  edge: number,
  onWarning: (warning: string) => void,
): Promise<Dataset> {
  const volume = files.find((file) => /\.(nii|nii\.gz|nrrd|npz|hdr)$/i.test(file.name));
  if (volume !== undefined) {
    throw new FileError({
      path: `${name}/${volume.name}`,
      problem: 'is a volume, and the page trains on flat images',
      remedy: `Take \`sshn train\` for volumes, or give ${expected}.`,
    });
  }
  const sources = files.map(
    ({ name: path, bytes }): SourceFile => ({
      path,
      read: async (limit) => (limit === undefined ? bytes : bytes.subarray(0, limit)),
    }),
  );
  const open = (channels?: 1 | 3) =>
    openFiles(name, sources, {
      size: [edge, edge],
      unpaired: 'skip',
      onWarning,
      ...(channels === undefined ? {} : { channels }),
    });
  try {
    // Where some are grey and some in color, all are taken in color.
    return await open().catch(() => open(3));
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new FileError({
      path: name,
      problem: `cannot be trained on: ${error.message}`,
      remedy: `Expected: ${expected}.`,
    });
  }
}
