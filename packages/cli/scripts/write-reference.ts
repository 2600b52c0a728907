// Writes the reference of the configuration into README.md: `pnpm --filter @sshn/cli reference`.
import { readFileSync, writeFileSync } from 'node:fs';
import { configReference, withReference } from '../src/config/reference.js';

const readme = new URL('../README.md', import.meta.url);
writeFileSync(readme, withReference(readFileSync(readme, 'utf8'), configReference()));
