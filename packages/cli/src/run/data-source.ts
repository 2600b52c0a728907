import { basename, resolve } from 'node:path';
import { nearestWord, ValueError } from '@sshn/core';
import { cacheDataset, type Dataset, generatePhantoms, type PhantomKind, phantomKinds } from '@sshn/data';
import { type FolderOptions, openFolder } from '@sshn/data/node';
import { folderOptions, type RunConfig } from '@sshn/training';

/** How a folder is laid out. */
export type FolderLayout = NonNullable<FolderOptions['layout']>;

/** Where images come from, as run.json has it. */
export interface DataSource {
  /** A folder, or `phantoms:KIND:COUNT:SEED`. */
  readonly path: string;
  /** A `FolderLayout`, or 'phantoms'. */
  readonly layout: string;
}

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
 * Opens the images; each is decoded, or generated, once.
 *
 * @param config Its `size` is what every image is brought to (default: the size that all files have; 128×128 for
 *   phantoms), its `data` says how volumes become images.
 * @param onWarning Called with what should be known and is no reason to stop.
 * @throws {FileError} if the folder holds no usable data.
 * @throws {ValueError} if phantoms are asked for with channels: each kind has its own.
 */
export async function openData(
  { path, layout }: DataSource,
  config: Pick<RunConfig, 'size' | 'data'> = {},
  onWarning?: (warning: string) => void,
): Promise<Dataset> {
  if (layout === 'phantoms') {
    if (config.data?.channels !== undefined) {
      throw new ValueError({
        where: 'data.channels',
        got: config.data.channels,
        expected: 'none for phantoms: each kind has its own',
      });
    }
    return cacheDataset(generatePhantoms({ ...parsePhantoms(path), size: config.size ?? phantomSize }));
  }
  return openFolder(path, {
    layout: layout as FolderLayout,
    ...folderOptions(config),
    ...(onWarning === undefined ? {} : { onWarning }),
  });
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

/**
 * Loads every image once, so that a damaged one is found before hours of training; a cached dataset keeps them.
 *
 * @param onLoaded Called after each.
 * @throws {FileError} naming the first file that cannot be used.
 */
export async function loadAll(
  dataset: Dataset,
  onLoaded: (done: number, total: number) => void,
): Promise<void> {
  for (const [i, id] of dataset.ids.entries()) {
    await dataset.load(id);
    onLoaded(i + 1, dataset.ids.length);
  }
}
