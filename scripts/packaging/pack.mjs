import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repository } from '../run-from-sources.mjs';
import { run } from './run.mjs';

/**
 * Packs all packages into a folder.
 *
 * @returns For each: `name`, `file` (the tarball), `entries` (paths in it), `manifest` (its
 * package.json before packing).
 */
export async function packAll(destination) {
  await mkdir(destination, { recursive: true });
  const names = (await readdir(join(repository, 'packages'))).sort();
  return Promise.all(names.map((name) => pack(join(repository, 'packages', name), destination)));
}

async function pack(folder, destination) {
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  if (!existsSync(join(folder, 'dist')))
    throw new Error(`${manifest.name} is not built. Run pnpm build first.`);
  const { ok, output } = await run('pnpm', ['pack', '--json', '--pack-destination', destination], folder);
  if (!ok) throw new Error(`${manifest.name} cannot be packed:\n${output}`);
  const { filename } = JSON.parse(output.slice(output.indexOf('{')));
  // Asked of the tarball itself, as pnpm does not list the license that it adds.
  const listing = await run('tar', ['-tzf', filename], folder);
  const entries = listing.output
    .trimEnd()
    .split('\n')
    .map((path) => path.replace(/^package\//, ''));
  return { name: manifest.name, manifest, file: filename, entries };
}
