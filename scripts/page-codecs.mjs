// Bundles the codecs of a package for pages: every file of `src/codecs` with what it imports, minified, to `dist/codecs`.
// They look for Node's `fs` and `path` behind a test for Node; here those are empty, so that bundlers do not stumble.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

const names = (await readdir('src/codecs')).filter((name) => name.endsWith('.ts'));
await build({
  entryPoints: names.map((name) => join('src/codecs', name)),
  outdir: 'dist/codecs',
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
for (const name of await readdir('dist/codecs')) {
  console.log(`dist/codecs/${name}: ${Math.round((await stat(join('dist/codecs', name))).size / 1000)} kB`);
}
