import { existsSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, extname, isAbsolute, join, relative, resolve } from 'node:path';
import { FileError } from '@sshn/core';
import { writeFileAtomic } from '@sshn/model/node';
import { z } from 'zod';
import { readPlainFile } from '../config/file.js';

/** Where an experiment is declared, and where its results are kept. */
export interface Place {
  readonly file: string;
  readonly out: string;
}

const stored = z.object({ file: z.string().min(1) });

/**
 * The place of an experiment that is named by its file or by the folder of its results.
 *
 * @param out Of a file: the folder. @default runs/ and the name of the file
 * @throws {FileError} if it is a folder that no experiment was run in, or whose file has gone.
 */
export async function placeOf(named: string, out?: string): Promise<Place> {
  if (!isFolder(named)) return { file: named, out: out ?? join('runs', basename(named, extname(named))) };
  const record = recordIn(named);
  const parsed = existsSync(record) ? stored.safeParse(await readPlainFile(record)) : undefined;
  if (parsed?.success !== true)
    throw new FileError({
      path: named,
      problem: 'no experiment was run in this folder',
      remedy: 'Name the file of the experiment, and its folder with -o.',
    });
  const { file } = parsed.data;
  const found = isAbsolute(file) ? file : join(named, file);
  if (!existsSync(found))
    throw new FileError({
      path: found,
      problem: 'the file of the experiment is not there any more',
      remedy: `Name where it is now: FILE -o ${named}.`,
    });
  return { file: found, out: out ?? named };
}

/** Makes the folder, and keeps in it where the file is. */
export async function settleIn({ file, out }: Place): Promise<void> {
  await mkdir(out, { recursive: true });
  const way = relative(resolve(out), resolve(file));
  await writeFileAtomic(recordIn(out), `${JSON.stringify({ file: way }, null, 2)}\n`);
}

function recordIn(folder: string): string {
  return join(folder, 'experiment.json');
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
