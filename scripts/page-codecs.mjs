// Bundles the codecs of a package for pages: every file of `src/codecs` with what it imports, minified, to `dist/codecs`,
// or to the folder that is named.
// They look for Node's `fs` and `path` behind a test for Node; here those are empty, so that bundlers do not stumble.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

const outdir = process.argv[2] ?? 'dist/codecs';
const names = (await readdir('src/codecs')).filter((name) => name.endsWith('.ts'));
await build({
  entryPoints: names.map((name) => join('src/codecs', name)),
  outdir,
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  plugins: [
    {
      name: 'no-node',
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /^(fs|path|crypto)$/ }, ({ path }) => ({ path, namespace: 'empty' }));
        onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: 'module.exports = {};' }));
      },
    },
  ],
});
for (const name of await readdir(outdir)) {
  console.log(`${join(outdir, name)}: ${Math.round((await stat(join(outdir, name))).size / 1000)} kB`);
}
