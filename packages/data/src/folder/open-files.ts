import { FileError, requireIntegers, requireOption, ShapeError, ValueError } from '@sshn/core';
import { cacheDataset } from '../dataset/cache.js';
import { unknownId } from '../dataset/from-examples.js';
import type { Dataset, Example, LabelMap } from '../dataset/types.js';
import { decodeImage, decodeLabels } from '../formats/decode.js';
import { convertChannels } from '../geometry/channels.js';
import { resizeImage, resizeLabels } from '../geometry/resize.js';
import { headerBytes, looksLikeNifti } from '../volumes/nifti/header.js';
import type { Folder } from './folder-layout.js';
import { checkSameSize, commonChannels, commonSize, readHeaders } from './headers.js';
import { type LabelScheme, schemeOfValues } from './label-names.js';
import { type LayoutName, layoutNames, layouts } from './layouts.js';
import { mapLimited } from './limited.js';
import type { Pair } from './pair.js';
import type { SourceFile } from './source-file.js';
import { type OpenVolumesOptions, openVolumes } from './volumes/open-volumes.js';
import type { VolumeOptions } from './volumes/options.js';

/** How to read a folder of images and labels. */
export interface FolderOptions {
  /**
   * - 'wbc': the WBC dataset as published, `Dataset 1/001.bmp` beside `001.png`.
   * - 'generic': `images/` and `labels/` (or `masks/`) with the same file names but for their extensions, and
   *   optionally `labels.json`.
   * - 'subjects': a folder per subject with one NIfTI volume and `labels.nii.gz`, and optionally `labels.json`.
   * - 'auto': whichever the folder looks like.
   *
   * @default 'auto'
   */
  readonly layout?: LayoutName;
  /**
   * `[height, width]`, of volumes `[depth, height, width]`, to which every image is brought, antialiased.
   *
   * @default the size that all files have; for volumes that are padded, the largest along every axis
   */
  readonly size?: readonly number[];
  /** 1 (grey) or 3 (RGB), to which every image is brought. @default what all files have */
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
): Promise<Dataset> {
  const { layout = 'auto', unpaired = 'refuse', cache = true } = options;
  requireOption('layout', layout, layoutNames);
  requireOption('unpaired', unpaired, ['refuse', 'skip']);
  const path = (relative: string): string => `${name}/${relative}`;
  const folder = await readLayout(name, files, options, path);
  const opened = (await holdsVolumes(folder.pairs[0]!))
    ? await openVolumes(name, folder, path, volumeOptions(options))
    : await openImages(name, folder, path, options);
  return cache ? cacheDataset(opened) : opened;
}

async function openImages(
  name: string,
  folder: Folder,
  path: (relative: string) => string,
  { size, channels, volumes = {} }: FolderOptions,
): Promise<Dataset> {
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
  const scheme = folder.scheme ?? (await schemeInFiles(name, pairs, path));
  const pairOf = new Map(pairs.map((pair) => [pair.id, pair]));
  const load = (id: string): Promise<Example> =>
    loadPair(pairOf.get(id) ?? unknownId(dataset.name, id), scheme, dataset, path);
  return { ...dataset, labelNames: scheme.names, load: async (id) => load(id) };
}

/** @throws {ValueError} if channels other than 1 are asked for. */
function volumeOptions({ size, channels = 1, volumes }: FolderOptions): OpenVolumesOptions {
  if (channels !== 1) throw new ValueError({ where: 'channels', got: channels, expected: '1, for volumes' });
  return { ...volumes, ...(size === undefined ? {} : { size }) };
}

/** Whether the files are NIfTI volumes, by how the first of them begins. */
async function holdsVolumes({ image }: Pair): Promise<boolean> {
  const head = await image.read(headerBytes);
  return (head[0] === 0x1f && head[1] === 0x8b) || looksLikeNifti(head);
}

async function readLayout(
  name: string,
  files: readonly SourceFile[],
  { layout = 'auto', unpaired, onWarning }: FolderOptions,
  path: (relative: string) => string,
): Promise<Folder> {
  const candidates = layout === 'auto' ? [layouts.generic, layouts.wbc, layouts.subjects] : [layouts[layout]];
  const warn = (paths: readonly string[], what: string): void =>
    onWarning?.(`left out for want of ${what}: ${paths.join(', ')}`);
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
  return folder;
}

async function schemeInFiles(
  name: string,
  pairs: readonly Pair[],
  path: (relative: string) => string,
): Promise<LabelScheme> {
  const values = new Set<number>();
  await mapLimited(pairs, atOnce, async ({ labels }) => {
    for (const value of (await readLabels(labels, path)).values) values.add(value);
  });
  return schemeOfValues(values, name);
}

async function loadPair(
  pair: Pair,
  scheme: LabelScheme,
  { size, channels }: Pick<Dataset, 'size' | 'channels'>,
  path: (relative: string) => string,
): Promise<Example> {
  const [bytes, stored] = await Promise.all([pair.image.read(), readLabels(pair.labels, path)]);
  const image = await decodeImage(bytes, path(pair.image.path));
  checkSameSize(pair, image.size, stored.size, path);
  const labels = { ...stored, values: translate(stored, scheme, path(pair.labels.path)) };
  return {
    id: pair.id,
    image: resizeImage(convertChannels(image, channels), size),
    labels: resizeLabels(labels, size),
  };
}

async function readLabels(file: SourceFile, path: (relative: string) => string): Promise<LabelMap> {
  return decodeLabels(await file.read(), path(file.path));
}

function translate({ values, size }: LabelMap, { labelOf, remedy }: LabelScheme, path: string): Uint8Array {
  return values.map((value, i) => {
    const label = labelOf[value]!;
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
