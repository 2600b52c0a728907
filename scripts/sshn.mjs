// Runs the `sshn` command from the sources, without a build: `pnpm sshn train phantoms`.
import { sshnFromSources } from './run-from-sources.mjs';

process.exitCode = await sshnFromSources(process.argv.slice(2));
