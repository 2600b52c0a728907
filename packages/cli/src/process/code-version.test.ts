import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { codeVersion } from './code-version.js';
import { version } from './environment.js';

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'sshn-code-')));
  await write('packages/cli/package.json', '{ "name": "@sshn/cli" }');
  await write('packages/cli/dist/main.js', "import { a } from '@sshn/used';\nimport './chunk.js';");
  await write('packages/cli/dist/chunk.js', "const gone = () => import('@sshn/not-installed');");
  await write('node_modules/@sshn/used/package.json', '{ "name": "@sshn/used", "main": "dist/index.cjs" }');
  await write('node_modules/@sshn/used/dist/index.cjs', "require('@sshn/deeper');");
  await write('node_modules/@sshn/deeper/package.json', '{ "name": "@sshn/deeper", "main": "index.js" }');
  await write('node_modules/@sshn/deeper/index.js', '1;');
});
afterEach(() => rm(folder, { recursive: true }));

async function write(name: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), text);
}
const here = (program = 'packages/cli/dist/main.js') => codeVersion(join(folder, program));
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.org', ...args], {
    cwd: folder,
    encoding: 'utf8',
  }).trim();

test('code is known by the version and a digest of all that it imports from us, through a link too', async () => {
  const first = here();
  expect(first).toMatch(new RegExp(`^${version.replaceAll('.', '\\.')}\\+[0-9a-f]{12}$`));
  await symlink(join(folder, 'packages/cli/dist/main.js'), join(folder, 'sshn'));
  await write('packages/cli/dist/main.js.map', '{}');
  await write('packages/cli/dist/main.d.ts', '');
  expect([here(), here('sshn')]).toEqual([first, first]);
  const seen = new Set([first]);
  for (const name of [
    ...['packages/cli/dist/chunk.js', 'packages/cli/dist/deep/new.js'],
    ...['node_modules/@sshn/used/dist/index.cjs', 'node_modules/@sshn/deeper/index.js'],
  ]) {
    await write(name, name.includes('used') ? "require('@sshn/deeper'); 2;" : '2;');
    seen.add(here());
  }
  expect(seen.size).toBe(5);
});

test('in a checkout of ours it names the commit, and whether files differ from it', async () => {
  const digest = here().split('+')[1];
  git('init', '-q');
  git('add', 'packages');
  git('commit', '-q', '-m', 'one');
  git('tag', 'v1');
  const commit = git('rev-parse', '--short=12', 'HEAD');
  expect(here()).toBe(`${version}+${commit}.${digest}`);
  await write('packages/cli/package.json', '{ "name": "@sshn/cli", "private": true }');
  expect(here()).toBe(`${version}+${commit}-dirty.${digest}`);
  // In the repository of somebody else the commit would be theirs.
  await write('packages/cli/package.json', '{ "name": "theirs" }');
  expect(here()).toBe(`${version}+${digest}`);
});
