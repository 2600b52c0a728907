import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** A page whose program is `entry`, a file of this folder, as one module; and tfjs' wasm files beside it. */
export async function pageFiles(entry: string): Promise<Map<string, Uint8Array | string>> {
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['@sshn/source'],
    // Codecs ask for these in Node alone. The built @sshn/data has them without (scripts/page-codecs.mjs, held by pnpm packaging).
    external: ['fs', 'path'],
    write: false,
  });
  const files = new Map<string, Uint8Array | string>([
    [
      'index.html',
      '<!doctype html><link rel="icon" href="data:,"><script type="module" src="page.js"></script>',
    ],
    ['page.js', bundle.outputFiles[0]!.contents],
  ]);
  const wasm = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
  for (const name of (await readdir(wasm)).filter((name) => name.endsWith('.wasm')))
    files.set(`wasm/${name}`, await readFile(join(wasm, name)));
  return files;
}
