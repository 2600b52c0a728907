import { FileError } from '@sshn/core';
import type { SourceFile } from './source-file.js';

/** An image file and the file of its labels. */
export interface Pair {
  readonly id: string;
  readonly image: SourceFile;
  readonly labels: SourceFile;
}

/** Files without a partner, and what they lack: 'labels' or 'image'. */
export type OnUnpaired = (paths: readonly string[], what: string) => void;

/**
 * Pairs files by id, in the order of ids.
 *
 * @param path Makes a path for errors of a path in the folder.
 * @param placeOf Where the partner of an id is expected.
 * @param onUnpaired Called with the files that have no partner instead of refusing them; they are left out.
 * @throws {FileError} if an id occurs twice, or a file has no partner: names the first and counts the others.
 */
export function pairFiles(
  images: ReadonlyArray<readonly [id: string, file: SourceFile]>,
  labels: ReadonlyArray<readonly [id: string, file: SourceFile]>,
  path: (relative: string) => string,
  placeOf: { readonly image: (id: string) => string; readonly labels: (id: string) => string },
  onUnpaired?: OnUnpaired,
): Pair[] {
  const imageOf = byId(images, path);
  const labelsOf = byId(labels, path);
  const unpaired = (
    files: ReadonlyMap<string, SourceFile>,
    partners: ReadonlyMap<string, SourceFile>,
    what: string,
    place: (id: string) => string,
  ): void => {
    const lonely = [...files].filter(([id]) => !partners.has(id)).sort(([a], [b]) => (a < b ? -1 : 1));
    if (lonely.length === 0) return;
    if (onUnpaired !== undefined) {
      onUnpaired(
        lonely.map(([, file]) => path(file.path)),
        what,
      );
      return;
    }
    const [id, file] = lonely[0]!;
    const others = lonely.length === 1 ? '' : ` (nor do ${lonely.length - 1} others)`;
    throw new FileError({
      path: path(file.path),
      problem: `has no ${what}${others}`,
      remedy: `Add ${place(id)}, or take the file out of the folder.`,
    });
  };
  unpaired(imageOf, labelsOf, 'labels', placeOf.labels);
  unpaired(labelsOf, imageOf, 'image', placeOf.image);
  return [...imageOf.keys()].sort().flatMap((id) => {
    const [image, ofImage] = [imageOf.get(id)!, labelsOf.get(id)];
    return ofImage === undefined ? [] : [{ id, image, labels: ofImage }];
  });
}

function byId(
  files: ReadonlyArray<readonly [id: string, file: SourceFile]>,
  path: (relative: string) => string,
): Map<string, SourceFile> {
  const map = new Map<string, SourceFile>();
  for (const [id, file] of files) {
    const other = map.get(id);
    if (other !== undefined) {
      throw new FileError({
        path: path(file.path),
        problem: `has the same name as ${other.path} but for its extension`,
        remedy: 'Rename or remove one of them.',
      });
    }
    map.set(id, file);
  }
  return map;
}

/** How label files are marked that lie under the name of their image. */
const suffix = /[-_.](labels?|masks?|seg|segmentation|gt|groundtruth)$/i;

/**
 * Label files whose id is that of an image but for a suffix such as `_mask` get the image's id; an id that fits as it is
 * stays.
 */
export function withoutSuffixes(
  labels: ReadonlyArray<readonly [id: string, file: SourceFile]>,
  images: ReadonlyArray<readonly [id: string, file: SourceFile]>,
): ReadonlyArray<readonly [id: string, file: SourceFile]> {
  const ids = new Set(images.map(([id]) => id));
  return labels.map(([id, file]) => {
    const short = id.replace(suffix, '');
    return ids.has(id) || !ids.has(short) ? [id, file] : [short, file];
  });
}
