import { basename, resolve } from 'node:path';
import { nearestWord, ShapeError, ValueError } from '@sshn/core';
import {
  cacheDataset,
  type Dataset,
  generatePhantoms,
  layoutNames,
  type PhantomKind,
  phantomKinds,
} from '@sshn/data';
import { type FolderOptions, openFolder } from '@sshn/data/node';
import { folderOptions, type RunConfig } from '@sshn/training';
import { fileKeys, type KeepOptions, keepImages } from '@sshn/training/node';

/** How a folder is laid out. */
export type FolderLayout = NonNullable<FolderOptions['layout']>;

/** Where images come from, as run.json has it. */
export interface DataSource {
  /** A folder, or `phantoms:KIND:COUNT:SEED`. */
  readonly path: string;
  /** A `FolderLayout`, or 'phantoms'. */
  readonly layout: string;
}

/** More pixels than any network here could take: 512 × 512 × 512. */
const mostPixels = 2 ** 27;

/** Size of generated images unless the configuration has one, in pixels. */
const phantomSize = [128, 128] as const;

/**
 * Reads the DATA argument: a folder, or `phantoms`, `phantoms:cells`, `phantoms:blobs:50`, `phantoms:cells:200:7`.
 *
 * @param layout Of a folder. @default 'auto'
 * @throws {ValueError} if it begins with `phantoms` and goes on with nonsense.
 */
export function parseDataSource(text: string, layout: FolderLayout = 'auto'): DataSource {
  if (text !== 'phantoms' && !text.startsWith('phantoms:')) return { path: resolve(text), layout };
  const { kind, count, seed } = parsePhantoms(text);
  return { path: `phantoms:${kind}:${count}:${seed}`, layout: 'phantoms' };
}

/**
 * Opens the images; each is decoded, or generated, once, and kept in memory or on disk.
 *
 * @param config Its `size` is what every image is resized to: one number is the edge of a square or a cube (default: the size that all files have; 128×128 for
 *   phantoms), its `data` says how volumes become images.
 * @param onWarning Called with what should be known and is no reason to stop.
 * @param keep Where images are kept that do not fit into memory. @default all stay in memory
 * @throws {FileError} if the folder holds no usable data.
 * @throws {ValueError} if there are options for phantoms that only files have, or the size is beyond all memory.
 */
export async function openData(
  { path, layout }: DataSource,
  config: Pick<RunConfig, 'size' | 'data'> = {},
  onWarning?: (warning: string) => void,
  keep?: KeepOptions,
): Promise<Dataset> {
  const [edge, ...more] = config.size ?? [];
  if (edge !== undefined && more.length === 0) {
    return openSquare({ path, layout }, edge, { ...(config.data && { data: config.data }) }, onWarning, keep);
  }
  const pixels = (config.size ?? []).reduce((product, n) => product * n, 1);
  if (pixels > mostPixels) {
    throw new ValueError({
      where: 'size',
      got: config.size!.join('×'),
      expected: `at most ${mostPixels} pixels in all`,
    });
  }
  if (layout === 'phantoms') {
    const [word, got] = Object.entries(config.data ?? {}).find(([, value]) => value !== undefined) ?? [];
    if (word !== undefined) {
      throw new ValueError({
        where: `data.${word}`,
        got,
        expected: 'none for phantoms, which are generated as they are trained on',
      });
    }
    const size = config.size ?? phantomSize;
    const phantoms = generatePhantoms({ ...parsePhantoms(path), size });
    return keep === undefined
      ? cacheDataset(phantoms)
      : keepImages(phantoms, () => `${path} ${size.join('×')}`, keep);
  }
  const opened = await openFolder(path, {
    layout: layout as FolderLayout,
    ...folderOptions(config),
    ...(onWarning === undefined ? {} : { onWarning }),
    cache: keep === undefined,
  });
  return keep === undefined ? opened : keepImages(opened, fileKeys(opened, config.data ?? {}), keep);
}

/** Images are squares, and volumes cubes: which of the two they are shows when they are opened. */
async function openSquare(
  source: DataSource,
  edge: number,
  config: Pick<RunConfig, 'data'>,
  onWarning: ((warning: string) => void) | undefined,
  keep: KeepOptions | undefined,
): Promise<Dataset> {
  try {
    return await openData(source, { ...config, size: [edge, edge] }, onWarning, keep);
  } catch (error) {
    if (!(error instanceof ShapeError) || source.layout === 'phantoms') throw error;
    return await openData(source, { ...config, size: [edge, edge, edge] }, onWarning, keep);
  }
}

/** How the folder of a run is laid out, for when it has moved. */
export function layoutOf({ layout }: DataSource): FolderLayout {
  return layoutNames.find((name) => name === layout) ?? 'auto';
}

/** A short name for folders and titles: 'phantoms-cells', 'wbc'. */
export function dataName({ path, layout }: DataSource): string {
  return layout === 'phantoms' ? path.split(':').slice(0, 2).join('-') : basename(path);
}

function parsePhantoms(text: string): { kind: PhantomKind; count: number; seed: number } {
  const [, kind = 'cells', countText = '200', seedText = '1', ...more] = text.split(':');
  const [count, seed] = [Number(countText), Number(seedText)];
  const isKind = (word: string): word is PhantomKind => phantomKinds.some((one) => one === word);
  if (isKind(kind) && isWhole(count, 1) && isWhole(seed, 0) && more.length === 0)
    return { kind, count, seed };
  const near = nearestWord(kind, phantomKinds);
  throw new ValueError({
    where: 'DATA',
    got: text,
    expected: `'phantoms:KIND:COUNT:SEED' with KIND ${phantomKinds.join(' or ')}, such as 'phantoms:cells:200'`,
    ...(near === undefined || near === kind ? {} : { hint: `Did you mean '${near}'?` }),
  });
}

function isWhole(value: number, least: number): boolean {
  return Number.isSafeInteger(value) && value >= least;
}

/** So many images are decoded at once, in threads, and fewer where they take more than so many bytes. */
const mostAhead = { images: 8, bytes: 2 ** 28 } as const;

/**
 * Loads every image once, some at a time, so that a damaged one is found before hours of training; the dataset keeps them.
 *
 * @param onLoaded Called after each, in order.
 * @throws {FileError} naming the first file that cannot be used.
 */
export async function loadAll(
  dataset: Dataset,
  onLoaded: (done: number, total: number) => void,
): Promise<void> {
  const { ids, size, channels } = dataset;
  const bytes = size.reduce((product, n) => product * n, 4 * channels);
  const atOnce = Math.max(1, Math.min(mostAhead.images, Math.floor(mostAhead.bytes / bytes)));
  const loading: Array<Promise<unknown>> = [];
  for (const i of ids.keys()) {
    for (const id of ids.slice(i + loading.length, i + atOnce)) {
      const load = dataset.load(id);
      // A failure is thrown where its image is due; until then it must not count as unhandled.
      load.catch(() => {});
      loading.push(load);
    }
    await loading.shift();
    onLoaded(i + 1, ids.length);
  }
}
