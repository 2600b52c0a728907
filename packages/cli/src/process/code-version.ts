import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { version } from './environment.js';

/**
 * What identifies the code of a program, so that results can be traced to it: the version of this package, the commit where the
 * program is of a checkout of this repository, and a digest of its files and those of the packages @sshn/… that they import:
 * '1.2.0+0123456789ab.a1b2c3d4e5f6'. The same for each run of one build.
 *
 * @param program Its file. @default the program that runs
 */
export function codeVersion(program: string = process.argv[1]!): string {
  const path = realpathSync(program);
  const digest = digestOf(path);
  const commit = commitOf(path);
  return `${version}+${commit === undefined ? digest : `${commit}.${digest}`}`;
}

const isCode = (name: string) => /\.[cm]?[jt]s$/.test(name) && !/\.(d|test)\.[cm]?ts$/.test(name);

function digestOf(program: string): string {
  const hash = createHash('sha256');
  const known = new Set<string>();
  const add = (name: string, entry: string) => {
    if (known.has(name)) return;
    known.add(name);
    const folder = dirname(entry);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(isCode).sort();
    const imported = new Set<string>();
    for (const file of files) {
      const text = readFileSync(join(folder, file), 'utf8');
      hash.update(`${name}\0${file.replaceAll(sep, '/')}\0${text.length}\0${text}`);
      for (const [, one] of text.matchAll(/\b(?:from|import|require)\s*\(?\s*['"](@sshn\/[\w-]+)/g))
        imported.add(one!);
    }
    for (const one of [...imported].sort()) {
      const found = resolved(one, entry);
      if (found !== undefined) add(one, found);
    }
  };
  add('program', program);
  return hash.digest('hex').slice(0, 12);
}

/** The file of a package; undefined of an optional one that is not installed, or one that only an example names. */
function resolved(name: string, from: string): string | undefined {
  try {
    return createRequire(from).resolve(name);
  } catch {
    return undefined;
  }
}

/** The commit of the checkout that the program belongs to, with '-dirty' where files differ from it. */
function commitOf(program: string): string | undefined {
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: dirname(program),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  try {
    const home = join(git('rev-parse', '--show-toplevel').trim(), 'packages', 'cli');
    const { name } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as {
      readonly name: unknown;
    };
    // A program that is installed in somebody's repository is not of its commits.
    if (name !== '@sshn/cli' || !program.startsWith(home + sep)) return undefined;
    return git('describe', '--always', '--dirty', '--exclude=*', '--abbrev=12').trim();
  } catch {
    return undefined;
  }
}
