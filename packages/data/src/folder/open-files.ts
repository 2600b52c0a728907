import { FileError, requireIntegers, requireOption, ShapeError, ValueError } from '@sshn/core';
import { cacheDataset, unknownId } from '../dataset/from-examples.js';
import type { Dataset, Example, FolderDataset, LabelMap } from '../dataset/types.js';
import { readImageHeader } from '../formats/decode.js';
import { resizeLabels } from '../geometry/resize.js';
import { headerBytes } from '../volumes/nifti/header.js';
import { volumeFormat } from '../volumes/read.js';
import { type Decoders, decodersHere } from './decoders.js';
import { checkSameSize, commonChannels, commonSize, readHeaders } from './image-headers.js';
import { type LabelNaming, type LabelScheme, labelsOf, schemeOfValues, tableOf } from './label-names.js';
import { type Folder, type LayoutName, layoutNames, layouts } from './layouts.js';
import { type OpenVolumesOptions, openVolumes } from './open-volumes.js';
import type { Pair } from './pairing.js';
import { withSeriesJoined } from './series.js';
import { isBystander, mapLimited, type PathOf, type SourceFile, withPairsJoined } from './source-file.js';
import type { VolumeOptions } from './volume-options.js';

/** How to read a folder of images and labels. */
export interface FolderOptions {
  /**
   * - 'wbc': the WBC dataset as published, `Dataset 1/001.bmp` beside `001.png`.
   * - 'generic': `images/` and `labels/` (or `masks/`) with the same file names but for their extensions, and
   *   optionally `labels.json`.
   *   A folder `images/NAME/` that holds a DICOM series is one volume, with labels in `labels/NAME.nii.gz` or a DICOM segmentation.
   * - 'subjects': a folder per subject with one NIfTI volume and `labels.nii.gz`, and optionally `labels.json`.
   * - 'auto': whichever the folder looks like.
   *
   * @default 'auto'
   */
  readonly layout?: LayoutName;
  /**
   * `[height, width]`, of volumes `[depth, height, width]`, to which every image is resized, antialiased.
   *
   * @default the size that all files have; for volumes that are padded, the largest along every axis
   */
  readonly size?: readonly number[];
  /** 1 (grey) or 3 (RGB), to which every image is converted. @default what all files have */
  readonly channels?: 1 | 3;
  /** How NIfTI volumes become examples; for them only. */
  readonly volumes?: VolumeOptions;
  /** What is done with files that lack a partner: 'refuse' them, or 'skip' them with a warning. @default 'refuse' */
  readonly unpaired?: 'refuse' | 'skip';
  /** Called with what should be known and is no reason to stop. */
  readonly onWarning?: (warning: string) => void;
  /** Whether decoded examples stay in memory. @default true */
  readonly cache?: boolean;
}

const atOnce = 16;

/**
 * A dataset of files: pairs images with labels, checks that all of them fit together, and decodes each when it is
 * loaded.
 *
 * Checking reads the beginning of every file; without `labels.json`, the generic layout also reads all label files to
 * learn which labels there are.
 *
 * @param name Of the folder; errors put it before a file's path.
 * @throws {FileError} naming the file and the remedy: no images, an image without labels or the reverse, names that
 *   occur twice, files that cannot be read, sizes that disagree, sizes or channels that differ without `size` or
 *   `channels` given; later, from `load`, damaged pixels and label values without a meaning.
 * @example
 * // In a page: <input type="file" webkitdirectory>
 * const files = [...input.files].map((file) => ({
 *   path: file.webkitRelativePath.replace(/^[^/]*\//, ''),
 *   read: async (limit) => new Uint8Array(await file.slice(0, limit).arrayBuffer()),
 * }));
 * const dataset = await openFiles('cells', files, { size: [128, 128] });
 */
export async function openFiles(
  name: string,
  files: readonly SourceFile[],
  options: FolderOptions = {},
): Promise<FolderDataset> {
  return openDecoded(name, files, options, decodersHere);
}

/** As `openFiles`, decoded elsewhere. */
export async function openDecoded(
  name: string,
  files: readonly SourceFile[],
  options: FolderOptions,
  decoders: Decoders,
): Promise<FolderDataset> {
  const { layout = 'auto', unpaired = 'refuse', cache = true } = options;
  requireOption('layout', layout, layoutNames);
  requireOption('unpaired', unpaired, ['refuse', 'skip']);
  const path: PathOf = (relative) => `${name}/${relative}`;
  const joined = await withSeriesJoined(withPairsJoined(files), path, {
    frame: options.volumes?.frame,
    onWarning: options.onWarning,
    decoders,
  });
  const laidOut = await readLayout(name, joined.files, options, path);
  const folder = { ...laidOut, naming: { segments: joined.segments, ...laidOut.naming } };
  const opened = (await holdsVolumes(folder.pairs[0]!))
    ? await openVolumes(name, folder, path, volumeOptions(options), decoders)
    : await openImages(name, folder, path, options, decoders);
  return cache ? cacheDataset(opened) : opened;
}

async function openImages(
  name: string,
  folder: Folder,
  path: PathOf,
  { size, channels, volumes = {}, onWarning }: FolderOptions,
  decoders: Decoders,
): Promise<FolderDataset> {
  const unfit = Object.keys(volumes)[0];
  if (unfit !== undefined) {
    const expected = 'NIfTI volumes, and this folder holds images: leave the option out';
    throw new ValueError({ where: `volumes.${unfit}`, got: name, expected });
  }
  if (size !== undefined) checkSize(size);
  const { pairs } = folder;
  const headers = await mapLimited(pairs, atOnce, (pair) => readHeaders(pair, path));
  const dataset = {
    name: name.replace(/.*[\\/](?=.)/, ''),
    ids: pairs.map(({ id }) => id),
    size: size ?? commonSize(pairs, headers, path),
    channels: channels ?? commonChannels(pairs, headers, path),
  };
  const { naming } = folder;
  const scheme = naming.scheme ?? (await schemeInFiles(name, pairs, path, naming, onWarning, decoders));
  const pairOf = new Map(pairs.map((pair) => [pair.id, pair]));
  const pairWith = (id: string): Pair => pairOf.get(id) ?? unknownId(dataset.name, id);
  return {
    ...dataset,
    ...labelsOf(scheme),
    sourcesOf: (id) => [pairWith(id).image, pairWith(id).labels],
    load: async (id) => loadPair(pairWith(id), scheme, dataset, path, decoders),
  };
}

/** @throws {ValueError} if channels other than 1 are asked for. */
function volumeOptions({ size, channels = 1, volumes, onWarning }: FolderOptions): OpenVolumesOptions {
  if (channels !== 1) throw new ValueError({ where: 'channels', got: channels, expected: '1, for volumes' });
  return {
    ...volumes,
    ...(size === undefined ? {} : { size }),
    ...(onWarning === undefined ? {} : { onWarning }),
  };
}

/** Whether the files are volumes, by how the first of them begins; TIFF files are images. */
async function holdsVolumes({ image }: Pair): Promise<boolean> {
  const format = volumeFormat(await image.read(headerBytes));
  return format === 'nifti' || format === 'nrrd' || (format === 'npz' && /\.npz$/i.test(image.path));
}

async function readLayout(
  name: string,
  files: readonly SourceFile[],
  { layout = 'auto', unpaired, onWarning }: FolderOptions,
  path: PathOf,
): Promise<Folder> {
  const candidates = layout === 'auto' ? [layouts.generic, layouts.wbc, layouts.subjects] : [layouts[layout]];
  const reported = new Set<string>();
  const warn = (paths: readonly string[], what: string): void => {
    for (const each of paths) reported.add(each);
    onWarning?.(
      `left out, as there ${what === 'labels' ? 'are no labels' : 'is no image'}: ${paths.join(', ')}`,
    );
  };
  const matching = candidates.find((candidate) => candidate.matches(files));
  const folder = await matching?.read(files, path, unpaired === 'skip' ? warn : undefined);
  if (folder === undefined || folder.pairs.length === 0) {
    const expected = candidates.map(({ description }) => description).join('; or ');
    throw new FileError({
      path: name,
      problem: files.length === 0 ? 'is an empty folder' : 'holds no images where they are looked for',
      remedy: `Arrange it as ${expected}.`,
    });
  }
  const used = new Set(folder.pairs.flatMap(({ image, labels }) => [image.path, labels.path]));
  const unused = files
    .map((file) => file.path)
    .filter(
      (file) => isImageName(file) && !isBystander(file) && !used.has(file) && !reported.has(path(file)),
    );
  if (unused.length > 0) {
    const some =
      unused.length > 3
        ? `${unused.slice(0, 3).join(', ')} and ${unused.length - 3} others`
        : unused.join(', ');
    onWarning?.(`left out, as they lie where this layout has no images: ${some}`);
  }
  return folder;
}

/** Whether a name is that of an image that could have been meant for the dataset. */
function isImageName(path: string): boolean {
  return /\.(png|jpe?g|bmp|tiff?|dcm|nii|nii\.gz|hdr|nrrd|npz)$/i.test(path);
}

async function schemeInFiles(
  name: string,
  pairs: readonly Pair[],
  path: PathOf,
  naming: LabelNaming,
  onWarning: FolderOptions['onWarning'],
  decoders: Decoders,
): Promise<LabelScheme> {
  const values = new Set<number>();
  await mapLimited(pairs, atOnce, async ({ labels }) => {
    for (const value of (await readLabels(labels, path, decoders)).values) values.add(value);
  });
  return schemeOfValues(values, name, { table: tableOf(naming), onWarning });
}

async function loadPair(
  pair: Pair,
  scheme: LabelScheme,
  { size, channels }: Pick<Dataset, 'size' | 'channels'>,
  path: PathOf,
  decoders: Decoders,
): Promise<Example> {
  const [bytes, stored] = await Promise.all([pair.image.read(), readLabels(pair.labels, path, decoders)]);
  const name = path(pair.image.path);
  checkSameSize(pair, readImageHeader(bytes, name).size, stored.size, path);
  const image = await decoders.decodeImage(bytes, name, { size, channels: channels === 3 ? 3 : 1 });
  const labels = { ...stored, values: translate(stored, scheme, path(pair.labels.path)) };
  return {
    id: pair.id,
    image,
    labels: resizeLabels(labels, size),
  };
}

async function readLabels(file: SourceFile, path: PathOf, { decodeLabels }: Decoders): Promise<LabelMap> {
  return decodeLabels(await file.read(), path(file.path));
}

function translate({ values, size }: LabelMap, { labelOf, remedy }: LabelScheme, path: string): Uint8Array {
  return values.map((value, i) => {
    const label = labelOf[value] ?? -1;
    if (label === -1) {
      const width = size.at(-1)!;
      throw new FileError({
        path,
        problem: `holds the label value ${value} at row ${Math.floor(i / width)}, column ${i % width}`,
        remedy,
      });
    }
    return label;
  });
}

function checkSize(size: readonly number[]): void {
  if (size.length !== 2) throw new ShapeError({ where: 'size', got: size, expected: '[height, width]' });
  requireIntegers('size', { height: size[0]!, width: size[1]! });
}
