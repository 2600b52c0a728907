import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleSources, serveWorker } from '../../scripts/bundle-sources.mjs';
import { packages, readmes, repository, type Snippet, snippetsOf } from './snippets.js';

// Every `ts` fence of a README is a module of its own that a user could paste into a file: it has to compile strictly and
// to run in Node. A fence that opens with `ts no-run` is left alone.

const snippets = readmes()
  .flatMap(snippetsOf)
  .filter(({ runs }) => runs);

// Under this folder's node_modules, so that imports resolve as they do for a user who has installed the packages.
const folder = fileURLToPath(new URL('node_modules/.cache/readme', import.meta.url));
const elsewhere = mkdtempSync(join(tmpdir(), 'sshn-readme-'));

const nameOf = ({ place }: Snippet) => place.replaceAll(/[/.:]/g, '-');
const fileOf = (snippet: Snippet) => join(folder, `${nameOf(snippet)}.mts`);

/** Holds the programs, bundled with the sources that they import: started from every source file, each takes seconds. */
let programs: string;

beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const snippet of snippets) writeFileSync(fileOf(snippet), snippet.code);
  const entries = Object.fromEntries(snippets.map((snippet) => [nameOf(snippet), fileOf(snippet)]));
  programs = await bundleSources(
    { ...entries, worker: serveWorker },
    fileURLToPath(new URL('.', import.meta.url)),
  );
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(elsewhere, { recursive: true, force: true });
});

describe.concurrent('runs', () => {
  test.each(snippets)('$place', async (snippet) => {
    const args = [join(programs, `${nameOf(snippet)}.mjs`)];
    // In a folder of its own, so that what it writes does not lie about. Rejects unless the exit code is 0.
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: elsewhere, timeout: 60_000 });
    expect(stdout, 'a snippet shows something').not.toBe('');
  });
});

test('all compile under strict rules', async () => {
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(repository, 'tsconfig.base.json'),
      compilerOptions: { noEmit: true },
      files: snippets.map(fileOf),
    }),
  );
  const compiler = join(repository, 'node_modules/typescript-native/bin/tsc');
  const { stdout } = await promisify(execFile)(process.execPath, [compiler, '-p', folder]).catch(
    (failure: { stdout: string }) => failure,
  );
  // Sources of packages, which the snippets import, are checked by `pnpm types`.
  expect(stdout.split('\n').filter((line) => line.includes('.cache/readme'))).toEqual([]);
  // Seconds, or minutes on a busy machine.
}, 240_000);

describe('every package shows how it is used', () => {
  test.each(packages())('%s', (name) => {
    const count = snippets.filter(({ place }) => place.startsWith(`packages/${name}/`)).length;
    expect(count).toBeGreaterThan(0);
  });

  // The command is installed by itself; its snippet is an aside.
  test.each(packages().filter((name) => name !== 'cli'))('%s is installed with all that it takes', (name) => {
    const readme = `packages/${name}/README.md`;
    const line = /^npm install (.+)$/m.exec(readFileSync(join(repository, readme), 'utf8'))?.[1];
    const manifest = JSON.parse(readFileSync(join(repository, 'packages', name, 'package.json'), 'utf8')) as {
      readonly peerDependencies?: Readonly<Record<string, string>>;
      readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional: boolean }>>;
    };
    const required = Object.keys(manifest.peerDependencies ?? {}).filter(
      (peer) => manifest.peerDependenciesMeta?.[peer]?.optional !== true,
    );
    const imported = [...snippetsOf(readme)[0]!.code.matchAll(/(?:from|import) '(@[^/']+\/[^/']+)/g)];
    expect(line?.split(' ')).toEqual(
      expect.arrayContaining([`@sshn/${name}`, ...required, ...imported.map(([, found]) => found)]),
    );
  });
});
