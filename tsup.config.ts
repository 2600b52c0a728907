import { existsSync } from 'node:fs';
import { defineConfig } from 'tsup';

// Every package builds the same way: ESM, CJS and declarations of `src/index.ts`, and of `src/main.ts` for a command.
export default defineConfig({
  entry: ['src/index.ts', ...(existsSync('src/main.ts') ? ['src/main.ts'] : [])],
  format: ['esm', 'cjs'],
  target: 'es2022',
  platform: 'neutral',
  dts: { entry: 'src/index.ts' },
  sourcemap: true,
  clean: true,
  treeshake: true,
});
