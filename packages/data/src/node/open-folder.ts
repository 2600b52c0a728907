import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '@sshn/core';
import type { Dataset } from '../dataset/types.js';
import { type FolderOptions, openFiles } from '../folder/open-files.js';
import type { SourceFile } from '../folder/source-file.js';

/** Deep enough for `Dataset 1/001.bmp` and `images/patient/001.png`, and not for a whole disk. */
const deepest = 3;

/**
 * Opens a folder of images and labels; see `openFiles` for what is checked.
 *
 * @param path Of the folder.
 * @throws {FileError} naming the file or folder and the remedy.
 * @example
 * const dataset = await openFolder('wbc', { size: [128, 128] });
 * const { train, validation, test } = splitIds(dataset.ids, Rng.fromSeed(7));
 */
export async function openFolder(path: string, options: FolderOptions = {}): Promise<Dataset> {
  const info = await stat(path).catch((cause) => unreadable(path, cause));
  if (!info.isDirectory()) {
    throw new FileError({
      path,
      problem: 'is not a folder',
      remedy: 'Give the folder that holds the images.',
    });
  }
  return openFiles(path.replace(/(?<=.)[\\/]+$/, ''), await list(path, ''), options);
}

async function list(root: string, folder: string, depth = 0): Promise<SourceFile[]> {
  const names = await readdir(join(root, folder)).catch((cause) => unreadable(join(root, folder), cause));
  const found: SourceFile[] = [];
  for (const name of names.sort()) {
    if (name.startsWith('.')) continue;
    const path = folder === '' ? name : `${folder}/${name}`;
    const info = await stat(join(root, path)).catch((cause) => unreadable(join(root, path), cause));
    if (info.isDirectory()) {
      if (depth + 1 < deepest) found.push(...(await list(root, path, depth + 1)));
    } else found.push({ path, read: (limit) => readBeginning(join(root, path), info.size, limit) });
  }
  return found;
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
