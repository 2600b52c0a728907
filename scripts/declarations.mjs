import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { repository } from './run-from-sources.mjs';

/** What a package exports: see `tsup.config.ts`. */
const entries = ['index', 'node/index', 'preprocessing/options'];
const emitted = join(repository, 'node_modules/.cache/declarations');

/** Writes declarations of all packages to a folder of their own: the native compiler takes seconds for all of them together. */
export function emitDeclarations() {
  const compiler = createRequire(import.meta.url).resolve('typescript-native/package.json');
  const { status } = spawnSync(
    process.execPath,
    [join(dirname(compiler), 'bin/tsc'), '-p', join(repository, 'tsconfig.declarations.json')],
    { stdio: 'inherit' },
  );
  if (status !== 0) throw new Error('declarations could not be written');
}

/**
 * Puts a package's declarations into its `dist`: of its entries, and of the files that these name. Each is there twice, as `.d.ts`
 * for imports and as `.d.cts`, which names `.cjs` files, for `require`.
 *
 * @param directory The package's, in `packages/`.
 */
export function placeDeclarations(directory) {
  const from = join(emitted, directory, 'src');
  const to = join(repository, 'packages', directory, 'dist');
  const waiting = entries.filter((entry) => existsSync(join(from, `${entry}.d.ts`)));
  const seen = new Set(waiting);
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const path = join(from, `${file}.d.ts`);
    const target = join(to, file);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(path, `${target}.d.ts`);
    const text = readFileSync(path, 'utf8').replace(
      /(\bfrom |\bimport\(|\bimport )(['"])(\.[^'"]*)\.js\2/g,
      (_, before, quote, name) => {
        const other = join(dirname(file), name);
        if (!seen.has(other)) waiting.push(other);
        seen.add(other);
        return `${before}${quote}${name}.cjs${quote}`;
      },
    );
    writeFileSync(`${target}.d.cts`, text);
  }
}
