import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const packages = fileURLToPath(new URL('../packages/', import.meta.url));
/** Has to lie beside a program that starts @sshn/serve, as the entry `worker`: it is what its processes run. */
export const serveWorker = join(packages, 'serve/src/worker.ts');

const week = 7 * 24 * 3600 * 1000;

/**
 * Bundles programs of this repository from their sources: a process then starts in tenths of a second, where loading every
 * source file by itself takes seconds. It is built at every call, so it is never older than the sources.
 *
 * Only the packages of the repository go in. All others stay outside, and are those that the importing file would find itself.
 *
 * @param entries Path of each program by its name.
 * @param home A folder with a node_modules. The bundle is written below that, where code that looks for an installed package
 * finds it as it would from the sources.
 * @returns The folder that holds NAME.mjs for every name.
 */
export async function bundleSources(entries, home) {
  const cache = join(home, 'node_modules/.cache/sources');
  const { outputFiles } = await build({
    entryPoints: entries,
    outdir: cache,
    write: false,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outExtension: { '.js': '.mjs' },
    conditions: ['@sshn/source'],
    plugins: [installedStaysOutside],
    logLevel: 'error',
  });
  const digest = createHash('sha256');
  for (const { path, contents } of outputFiles) digest.update(path).update(contents);
  const folder = join(cache, digest.digest('hex').slice(0, 16));
  if (!existsSync(folder)) {
    // Two processes may write the same: the first one to rename wins.
    const part = `${folder}.${randomUUID()}`;
    await mkdir(part, { recursive: true });
    for (const { path, contents } of outputFiles) await writeFile(join(part, basename(path)), contents);
    await rename(part, folder).catch(() => rm(part, { recursive: true }));
    await removeUnused(cache);
  }
  const now = new Date();
  await utimes(folder, now, now);
  return folder;
}

/** The program of the `sshn` command, bundled from its sources. */
export async function bundleCommand() {
  const entries = { main: join(packages, 'cli/src/main.ts'), worker: serveWorker };
  const folder = await bundleSources(entries, join(packages, 'cli'));
  return join(folder, 'main.mjs');
}

/** Bundles of former sources, unless one was started this week. */
async function removeUnused(cache) {
  for (const name of await readdir(cache)) {
    const found = await stat(join(cache, name)).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > week)
      await rm(join(cache, name), { recursive: true, force: true });
  }
}

const installedStaysOutside = {
  name: 'installed packages stay outside',
  setup(esbuild) {
    // All but paths and what begins as the packages of the repository do: each call takes its time.
    esbuild.onResolve({ filter: /^([^./@]|@[^s]|@s[^s])/ }, async ({ path, pluginData, kind, ...from }) => {
      if (pluginData === 'asked' || kind === 'entry-point') return;
      const found = await esbuild.resolve(path, { ...from, kind, pluginData: 'asked' });
      // An optional package that is not installed: the program says so when it needs it.
      if (found.errors.length > 0) return { path, external: true };
      if (found.external || !found.path.includes(`${sep}node_modules${sep}`)) return found;
      return { path: pathToFileURL(found.path).href, external: true };
    });
  },
};
