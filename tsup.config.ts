import { existsSync } from 'node:fs';
import { defineConfig } from 'tsup';

// Every package builds the same way: ESM and CJS of `src/index.ts`, and where they exist of
// `src/node/index.ts` (what needs Node's files and processes), `src/main.ts` (a command)
// `src/worker.ts` (the program of a process that the package starts) and `src/preprocessing/options.ts` (@sshn/data/options).
// Declarations come from `scripts/declarations.mjs`.
const present = (files: Record<string, string>) =>
  Object.fromEntries(Object.entries(files).filter(([, file]) => existsSync(file)));

export default defineConfig({
  entry: present({
    index: 'src/index.ts',
    'node/index': 'src/node/index.ts',
    main: 'src/main.ts',
    worker: 'src/worker.ts',
    'preprocessing/options': 'src/preprocessing/options.ts',
  }),
  format: ['esm', 'cjs'],
  // It can be imported and not required; what we build can be both.
  noExternal: ['nifti-reader-js'],
  // Names that a package's own `imports` resolve, where it is used: to another file in Node than in pages.
  external: [/^#/],
  target: 'es2022',
  platform: 'neutral',
  sourcemap: true,
  clean: true,
  treeshake: true,
});
