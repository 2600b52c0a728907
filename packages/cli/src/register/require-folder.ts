import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FileError } from '@sshn/core';

/** Checks that there is a folder for a file to be written, before minutes of work. @throws {FileError} if there is none. */
export async function requireFolder(path: string | undefined): Promise<void> {
  if (path === undefined) return;
  const folder = dirname(path);
  if ((await stat(folder).catch(() => undefined))?.isDirectory()) return;
  throw new FileError({
    path,
    problem: `is to lie in ${folder}, and there is no such folder`,
    remedy: 'Make it first, or choose another one.',
  });
}
