import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { requireIntegers } from '@sshn/core';
import { cacheDataset, type Dataset, type Example, type FolderDataset, type SourceFile } from '@sshn/data';
import { fileProblem } from '@sshn/model/node';
import { version } from '../version.js';
import { decodeExample, encodeExample, exampleFormat } from './example-file.js';

/** Where decoded images are kept between their uses. */
export interface KeepOptions {
  /**
   * How many bytes of images and labels may stay in memory. A dataset that takes more is kept in `folder`.
   *
   * @default a quarter of the memory that this process may use
   */
  readonly memoryBytes?: number;
  /** Of the store, made when it is needed. Several runs and processes may share one; it may be deleted at any time. */
  readonly folder: string;
}

/** A quarter of the memory that this process may use: of the machine, or of its container where that has less. */
export function defaultMemoryBytes(): number {
  const limit = process.constrainedMemory();
  const whole = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return Math.floor(whole / 4);
}

/** Whether all examples of a dataset fit into so many bytes: `pixels · (4 · channels + 1)` for each. */
export function fitsInMemory({ ids, size, channels }: Dataset, memoryBytes: number): boolean {
  const pixels = size.reduce((product, n) => product * n, 1);
  return ids.length * pixels * (4 * channels + 1) <= memoryBytes;
}

/**
 * The same dataset, every example prepared once: kept in memory if all of them fit into `memoryBytes`, or else in a folder, from
 * which each is read when it is loaded. What `load` gives has the same bits either way.
 *
 * The folder holds a file per example, named after a digest of `keyOf`, the id and the version of this package: images that
 * changed, or are opened otherwise, get files of their own. Each is written under a temporary name and renamed, and has a
 * checksum: one that is damaged, or was cut off, is prepared again. A process that is killed leaves what it has prepared.
 *
 * @param keyOf What an example is made from, by its id: see `fileKeys`. Of the same dataset it gives the same in every process.
 * @throws {ValueError} if `memoryBytes` is no integer of at least 0.
 * @throws {FileError} from `load`, if the folder cannot be written.
 * @example
 * const opened = await openFolder('brains', { cache: false });
 * const dataset = keepImages(opened, fileKeys(opened, {}), { folder: 'cache', memoryBytes: 4e9 });
 */
export function keepImages(
  dataset: Dataset,
  keyOf: (id: string) => string | Promise<string>,
  { folder, memoryBytes = defaultMemoryBytes() }: KeepOptions,
): Dataset {
  requireIntegers('keepImages', { memoryBytes }, 0);
  if (fitsInMemory(dataset, memoryBytes)) return cacheDataset(dataset);
  const paths = new Map<string, Promise<string>>();
  const pathOf = (id: string): Promise<string> => {
    const known = paths.get(id);
    if (known !== undefined) return known;
    const path = (async () =>
      join(folder, `${digest(exampleFormat, version, id, await keyOf(id))}.safetensors`))();
    paths.set(id, path);
    path.catch(() => paths.delete(id));
    return path;
  };
  let ready: Promise<void> | undefined;
  const prepare = async (id: string, path: string): Promise<Example> => {
    const example = await dataset.load(id);
    ready ??= makeFolder(folder);
    await ready;
    await write(path, encodeExample(example));
    return example;
  };
  const underway = new Map<string, Promise<Example>>();
  const load = async (id: string): Promise<Example> => {
    const path = await pathOf(id);
    const bytes = await bytesIn(path);
    return (bytes === undefined ? undefined : decodeExample(bytes, id)) ?? (await prepare(id, path));
  };
  return {
    ...dataset,
    load: (id) => {
      const loading = underway.get(id) ?? load(id).finally(() => underway.delete(id));
      underway.set(id, loading);
      return loading;
    },
  };
}

/**
 * Keys for `keepImages` of a dataset of files: digests of the bytes of the files that an example is read from, and of how they
 * are opened. Every file is read once; none is decoded.
 *
 * @param settings How the files become examples, as far as the dataset does not say: what was given to `openFolder`.
 */
export function fileKeys(dataset: FolderDataset, settings: unknown): (id: string) => Promise<string> {
  const { size, channels, labelNames, labelValues } = dataset;
  const common = JSON.stringify({ size, channels, labelNames, labelValues, settings });
  const digests = new Map<SourceFile, Promise<string>>();
  const digestOf = (file: SourceFile): Promise<string> => {
    const known = digests.get(file);
    if (known !== undefined) return known;
    const made = file.read().then((bytes) => digest(bytes));
    digests.set(file, made);
    made.catch(() => digests.delete(file));
    return made;
  };
  return async (id) => {
    const files = [];
    for (const file of dataset.sourcesOf(id)) files.push(await digestOf(file));
    return [common, ...files].join(' ');
  };
}

function digest(...pieces: ReadonlyArray<string | Uint8Array>): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(`${piece.length} `).update(piece);
  return hash.digest('hex').slice(0, 32);
}

/** Temporary files that are older belong to no process that still writes. */
const longestWriteMs = 3_600_000;

/** Makes the folder, and takes out what processes left that were killed while they wrote. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(folder)) {
      if (!name.endsWith('.tmp')) continue;
      const path = join(folder, name);
      const info = await stat(path).catch(() => undefined);
      if (info !== undefined && Date.now() - info.mtimeMs > longestWriteMs) await rm(path, { force: true });
    }
  } catch (cause) {
    throw fileProblem(folder, cause);
  }
}

/** Written without waiting for the disk: a file that a power failure cuts off has another checksum. */
async function write(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, bytes, { flag: 'wx' });
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileProblem(path, cause);
  }
}

/** All bytes of a file, in one piece of work beside the main thread; undefined if it is not there or cannot be read. */
async function bytesIn(path: string): Promise<Uint8Array | undefined> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    const { bytesRead, buffer } = await file.read(new Uint8Array(size), 0, size, 0);
    return bytesRead === size ? buffer : undefined;
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}
