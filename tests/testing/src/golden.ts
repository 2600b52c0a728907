import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** A folder of `shared/` beside the repository (real data, golden vectors), or undefined where it is absent. */
export function sharedFolder(name: string): string | undefined {
  const folder = join(process.env.SSHN_SHARED ?? join(repository, '..', 'shared'), name);
  return existsSync(folder) ? folder : undefined;
}

/** The cases of a file of golden vectors; undefined where `shared/` is absent, so that a test can skip visibly. */
export function goldenCases<Case>(file: string): Case[] | undefined {
  const folder = sharedFolder('golden');
  return folder === undefined ? undefined : JSON.parse(readFileSync(join(folder, file), 'utf8')).cases;
}
