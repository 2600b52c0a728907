import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const repository = fileURLToPath(new URL('../..', import.meta.url));

/** A TypeScript module in a README. */
export interface Snippet {
  /** Path of the README in the repository, and the line that the snippet starts at: `packages/core/README.md:7`. */
  readonly place: string;
  readonly code: string;
  /** Not for fences that open with `ts no-run`. */
  readonly runs: boolean;
}

/** READMEs of the repository and of its packages. */
export function readmes(): string[] {
  return ['README.md', ...packages().map((name) => `packages/${name}/README.md`)];
}

/** Folder names of the packages. */
export function packages(): string[] {
  return readdirSync(join(repository, 'packages')).sort();
}

/** The `ts` fences of a README. */
export function snippetsOf(readme: string): Snippet[] {
  const text = readFileSync(join(repository, readme), 'utf8');
  return [...text.matchAll(/^```ts([^\n]*)\n(.*?)^```$/gms)].map(({ 1: info, 2: code, index }) => {
    const line = text.slice(0, index).split('\n').length + 1;
    return { place: `${readme}:${line}`, code: code!, runs: info!.trim() !== 'no-run' };
  });
}
