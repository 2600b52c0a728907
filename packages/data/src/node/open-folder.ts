import { open, readdir, realpath, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { FileError, requireIntegers } from '@sshn/core';
import type { FolderDataset } from '../dataset/types.js';
import { type FolderOptions, openDecoded } from '../folder/open-files.js';
import type { SourceFile } from '../folder/source-file.js';
import { decodersInThreads } from './decode-threads.js';

/** More files than any dataset has: somebody named a whole disk. */
const mostFiles = 500_000;

/** So many files are open at a time, however many are asked for at once: systems allow 1024, some 256. */
const mostOpen = 64;

/** How to read a folder on a disk. */
export interface OpenFolderOptions extends FolderOptions {
  /**
   * Threads that decode files beside the main thread, while there are many; results do not depend on them. 0 for none, as within
   * a bundle.
   *
   * @default one less than there are cores, 4 at most
   */
  readonly decodeThreads?: number;
}

/**
 * Opens a folder of images and labels; see `openFiles` for what is checked.
 *
 * @param path Of the folder.
 * @throws {FileError} naming the file or folder and the remedy; {ValueError} if `decodeThreads` is no integer of at least 0.
 * @example
 * const dataset = await openFolder('wbc', { size: [128, 128] });
 * const { train, validation, test } = splitIds(dataset.ids, Rng.fromSeed(7));
 */
export async function openFolder(path: string, options: OpenFolderOptions = {}): Promise<FolderDataset> {
  const { decodeThreads = Math.min(availableParallelism() - 1, 4) } = options;
  requireIntegers('openFolder', { decodeThreads }, 0);
  const info = await stat(path).catch((cause) => unreadable(path, cause));
  if (!info.isDirectory()) {
    throw new FileError({
      path,
      problem: 'is not a folder',
      remedy: 'Give the folder that holds the images.',
    });
  }
  const name = path.replace(/(?<=.)[\\/]+$/, '');
  return openDecoded(name, await list(path), options, decodersInThreads(decodeThreads));
}

/** All files within, hidden ones left out, at any depth; links to a folder that holds them are not followed again. */
async function list(root: string): Promise<SourceFile[]> {
  const found: SourceFile[] = [];
  const walk = async (folder: string, above: readonly string[]): Promise<void> => {
    const whole = join(root, folder);
    const real = await realpath(whole).catch((cause) => unreadable(whole, cause));
    if (above.includes(real)) return;
    const names = await readdir(whole).catch((cause) => unreadable(whole, cause));
    for (const name of names.sort()) {
      if (name.startsWith('.')) continue;
      const path = folder === '' ? name : `${folder}/${name}`;
      const info = await stat(join(root, path)).catch((cause) => unreadable(join(root, path), cause));
      if (info.isDirectory()) await walk(path, [...above, real]);
      else if (info.isFile()) {
        found.push({
          path,
          read: (limit) => inTurn(() => readBeginning(join(root, path), info.size, limit)),
        });
      } else {
        throw new FileError({
          path: join(root, path),
          problem: 'is a pipe, a socket or a device, not a file',
          remedy: 'Take it out of the folder.',
        });
      }
      if (found.length > mostFiles) {
        throw new FileError({
          path: root,
          problem: `holds more than ${mostFiles} files`,
          remedy: 'Give the folder of the dataset alone.',
        });
      }
    }
  };
  await walk('', []);
  return found;
}

let opened = 0;
const waiting: Array<() => void> = [];

/** Does work as soon as fewer than `mostOpen` others are being done. */
async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  if (opened >= mostOpen) await new Promise<void>((start) => waiting.push(start));
  else opened++;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) opened--;
    else next();
  }
}

async function readBeginning(
  path: string,
  size: number,
  limit = Number.POSITIVE_INFINITY,
): Promise<Uint8Array> {
  const file = await open(path).catch((cause) => unreadable(path, cause));
  try {
    if (limit >= size) return await file.readFile();
    const { buffer, bytesRead } = await file.read(new Uint8Array(limit), 0, limit, 0);
    return buffer.subarray(0, bytesRead);
  } catch (cause) {
    return unreadable(path, cause);
  } finally {
    await file.close();
  }
}

function unreadable(path: string, cause: unknown): never {
  const code = (cause as { code?: string }).code ?? '';
  const [problem, remedy] =
    code === 'ENOENT'
      ? ['does not exist', 'Check the path.']
      : code === 'EACCES' || code === 'EPERM'
        ? ['may not be read', 'Change its permissions.']
        : [`cannot be read (${code || String(cause)})`, 'Copy it again, or check the disk.'];
  throw new FileError({ path, problem, remedy, cause });
}
