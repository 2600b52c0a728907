import { joinNiftiPair } from '../volumes/nifti/pair.js';

/** Makes a path for errors of a path in the folder. */
export type PathOf = (relative: string) => string;

/** A file that can be read from wherever it is: a disk, a page's file input, a server. */
export interface SourceFile {
  /** Relative to the folder, with slashes: 'images/001.png'. */
  readonly path: string;
  /** Whether it is the one volume that was chosen of several, by `frame`: it is not chosen from again. */
  readonly isChosenFrame?: boolean;
  /**
   * @param limit Read at most this many bytes from the beginning. @default all
   * @throws {FileError} if the file cannot be read.
   */
  read(limit?: number): Promise<Uint8Array>;
}

/**
 * The path without folder `prefix` and without the last extension, or the last slash of a folder; '.nii.gz' is an extension. Letters with accents are composed, so
 * that names agree whichever system wrote them.
 */
export function stemOf(path: string, prefix = ''): string {
  return path
    .slice(prefix.length)
    .replace(/\/$|\.nii\.gz$|\.[^./]*$/i, '')
    .normalize('NFC');
}

/** Whether a file is a volume by its name. */
export function isVolumeName(path: string): boolean {
  return /\.(nii(\.gz)?|hdr|nrrd|npz)$/i.test(path);
}

/** Files that lie in folders of images and are none; everything else is taken for an image. */
export function isBystander(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return (
    /^(\.|thumbs\.db$)/i.test(name) ||
    /\.(txt|md|rst|csv|tsv|json|xml|ya?ml|html?|ini|log|pdf|bvals?|bvecs?|ctab|label)$/i.test(name)
  );
}

/** The same files, the `.hdr` and `.img` of one volume as one file that is read as NIfTI. */
export function withPairsJoined(files: readonly SourceFile[]): readonly SourceFile[] {
  const nameOf = (path: string): string => path.replace(/\.[^.]*$/, '');
  const voxelsOf = new Map(
    files.filter(({ path }) => /\.img$/i.test(path)).map((file) => [nameOf(file.path), file]),
  );
  const joined = new Set<SourceFile>();
  const others = files.map((file): SourceFile => {
    const voxels = /\.hdr$/i.test(file.path) ? voxelsOf.get(nameOf(file.path)) : undefined;
    if (voxels === undefined) return file;
    joined.add(voxels);
    const read = async (limit?: number): Promise<Uint8Array> =>
      joinNiftiPair(await file.read(), await voxels.read(limit), file.path);
    return { path: file.path, read };
  });
  return others.filter((file) => !joined.has(file));
}

/**
 * Does asynchronous work on all items, `limit` at a time, and returns the results in order.
 *
 * All items are worked on even if some fail; then the error of the first in order is thrown, whichever came first in
 * time, so that the same folder always reports the same file.
 */
export async function mapLimited<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  const errors = new Map<number, unknown>();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      try {
        results[index] = await work(items[index]!);
      } catch (error) {
        errors.set(index, error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  if (errors.size > 0) throw errors.get(Math.min(...errors.keys()));
  return results;
}
