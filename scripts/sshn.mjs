// Runs the `sshn` command from the sources, without a build: `pnpm sshn train phantoms`.
import { runFromSources } from './run-from-sources.mjs';

process.exitCode = await runFromSources('packages/cli/src/main.ts', process.argv.slice(2));
