import { FileError } from '@sshn/core';
import { type LabelNaming, type LabelScheme, namedLabels } from './label-names.js';
import { type OnUnpaired, type Pair, pairFiles, withoutSuffixes } from './pairing.js';
import { isBystander, isVolumeName, type SourceFile, stemOf } from './source-file.js';

/** A folder as a layout reads it. */
export interface Folder {
  readonly pairs: readonly Pair[];
  readonly naming: LabelNaming;
}

/** A way to arrange images and labels in a folder. */
export interface FolderLayout {
  /** What the folder has to look like, for errors. */
  readonly description: string;
  matches(files: readonly SourceFile[]): boolean;
  /**
   * @param path Makes a path for errors of a path in the folder.
   * @param onUnpaired Called with files without a partner, which are then left out; without it they are refused.
   */
  read(
    files: readonly SourceFile[],
    path: (relative: string) => string,
    onUnpaired?: OnUnpaired,
  ): Promise<Folder>;
}

const inGeneric = /^(images|labels|masks)\//;

/** `images/` and `labels/` (or `masks/`) with the same names but for extensions, and optionally `labels.json`. */
const generic: FolderLayout = {
  description: 'images/ and labels/ with the same file names',
  matches: (files) => files.some(({ path }) => inGeneric.test(path)),
  async read(files, path, onUnpaired) {
    const wanted = files.filter((file) => !isBystander(file.path));
    const inFolder = (folder: string): Array<[string, SourceFile]> =>
      wanted.filter((file) => file.path.startsWith(folder)).map((file) => [stemOf(file.path, folder), file]);
    const [images, labels, masks] = [inFolder('images/'), inFolder('labels/'), inFolder('masks/')];
    if (labels.length > 0 && masks.length > 0) {
      throw new FileError({
        path: path('masks'),
        problem: 'lies beside labels, and only one of them can hold the labels',
        remedy: 'Rename or remove one of them.',
      });
    }
    const folder = masks.length > 0 ? 'masks' : 'labels';
    const isOfVolumes = wanted.some(({ path: file }) => isVolumeName(file));
    const place = {
      image: (id: string) => `images/${id}${isOfVolumes ? '.nii.gz' : '.png (or .jpg, .bmp, .tif)'}`,
      labels: (id: string) => `${folder}/${id}${isOfVolumes ? '.nii.gz' : '.png (or .bmp, .tif)'}`,
    };
    const labelled = withoutSuffixes(folder === 'masks' ? masks : labels, images);
    const pairs = pairFiles(images, labelled, path, place, onUnpaired);
    return { pairs, naming: await namedLabels(files, path) };
  },
};

/** Grey values in WBC's masks stray by up to 50 in five of the 400 files, around 0 only. */
const tolerance = 50;
const wbcValues = [0, 128, 255];

const wbcScheme: LabelScheme = {
  names: ['background', 'cytoplasm', 'nucleus'],
  values: wbcValues,
  labelOf: Int16Array.from({ length: 256 }, (_, value) =>
    wbcValues.findIndex((level) => Math.abs(value - level) <= tolerance),
  ),
  remedy: 'Restore the file: masks of WBC hold 0, 128 and 255.',
};

const inWbc = /^(Dataset [^/]+\/)?\d+\.(bmp|png)$/i;

/**
 * The WBC dataset as published: `Dataset 1/001.bmp` with its mask beside it as `001.png`, in which background is 0,
 * cytoplasm 128 and nucleus 255. One of its folders alone is read as well.
 *
 * *Source*: Zheng et al., "Fast and robust segmentation of white blood cell images by self-supervised learning" (2018),
 * https://github.com/zxaoyou/segmentation_WBC.
 */
const wbc: FolderLayout = {
  description: '001.bmp beside 001.png, in folders Dataset 1, Dataset 2 as WBC is published',
  matches: (files) => files.some(({ path }) => inWbc.test(path) && /\.bmp$/i.test(path)),
  async read(files, path, onUnpaired) {
    const withExtension = (extension: string): Array<[string, SourceFile]> =>
      files
        .filter((file) => inWbc.test(file.path) && file.path.toLowerCase().endsWith(extension))
        .map((file) => [stemOf(file.path), file]);
    const place = { image: (id: string) => `${id}.bmp`, labels: (id: string) => `${id}.png` };
    const pairs = pairFiles(withExtension('.bmp'), withExtension('.png'), path, place, onUnpaired);
    return { pairs, naming: { scheme: wbcScheme } };
  },
};

const inSubject = /^([^/]+)\/[^/]+\.nii(\.gz)?$/i;
const isLabels = /\/labels\.nii(\.gz)?$/i;

/** A folder per subject, each with its volume and `labels.nii.gz`, and optionally `labels.json` beside the folders. */
const subjects: FolderLayout = {
  description: 'a folder per subject with one volume (t1.nii.gz) and labels.nii.gz',
  matches: (files) => files.some(({ path }) => inSubject.test(path) && isLabels.test(path)),
  async read(files, path, onUnpaired) {
    const volumes = files.flatMap((file): Array<[string, SourceFile]> => {
      const subject = inSubject.exec(file.path)?.[1];
      return subject === undefined ? [] : [[subject, file]];
    });
    const images = volumes.filter(([, file]) => !isLabels.test(file.path));
    refuseSeveral(images, path);
    const labels = volumes.filter(([, file]) => isLabels.test(file.path));
    const place = {
      image: (id: string) => `${id}/t1.nii.gz`,
      labels: (id: string) => `${id}/labels.nii.gz`,
    };
    const pairs = pairFiles(images, labels, path, place, onUnpaired);
    return { pairs, naming: await namedLabels(files, path) };
  },
};

function refuseSeveral(
  images: ReadonlyArray<readonly [subject: string, file: SourceFile]>,
  path: (relative: string) => string,
): void {
  const seen = new Map<string, SourceFile>();
  for (const [subject, file] of images) {
    const other = seen.get(subject);
    if (other !== undefined) {
      throw new FileError({
        path: path(file.path),
        problem: `lies beside ${other.path}, and one volume per subject is expected`,
        remedy: 'Leave one volume besides labels.nii.gz in each folder.',
      });
    }
    seen.set(subject, file);
  }
}

/** All layouts, by name. */
export const layouts = { generic, subjects, wbc } as const;

/** The names of all layouts, and 'auto'. */
export const layoutNames = ['auto', 'wbc', 'generic', 'subjects'] as const;
export type LayoutName = (typeof layoutNames)[number];
