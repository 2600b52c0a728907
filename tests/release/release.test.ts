import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const names = readdirSync(join(repository, 'packages')).sort();

/** Manifests and changesets of this repository, in a folder of their own. */
let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'sshn-release-'));
  const members = ['packages', 'examples', 'tests'].flatMap((folder) =>
    readdirSync(join(repository, folder)).map((name) => join(folder, name)),
  );
  const manifests = ['.', 'benchmarks', ...members].map((folder) => join(folder, 'package.json'));
  for (const file of [...manifests, 'pnpm-workspace.yaml', '.changeset'])
    if (existsSync(join(repository, file)))
      cpSync(join(repository, file), join(copy, file), { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(copy, 'node_modules'));
  execFileSync('git', ['init', '--quiet'], { cwd: copy });
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** What `pnpm release` would do in the copy. */
const release = () =>
  spawnSync(process.execPath, [join(repository, 'scripts/release.mjs'), '--dry', '--root', copy], {
    encoding: 'utf8',
  });
const manifestOf = (name: string) =>
  JSON.parse(readFileSync(join(copy, 'packages', name, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    repository: unknown;
  };

test('every manifest says where its package comes from', () => {
  for (const name of names)
    expect(manifestOf(name)).toMatchObject({
      homepage: `https://github.com/sshn/sshn/tree/main/packages/${name}#readme`,
      repository: { url: 'git+https://github.com/sshn/sshn.git', directory: `packages/${name}` },
      bugs: { url: 'https://github.com/sshn/sshn/issues' },
    });
});

test('a package at 0.0.0 is not published; changeset version gives all of them one version', () => {
  if (names.some((name) => manifestOf(name).version === '0.0.0')) {
    const refused = release();
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('Run pnpm changeset version first');
    expect(refused.stderr).toContain('@sshn/core');
    expect(refused.stdout).toBe('');
  }
  // Reads every changeset, and fails where one is damaged.
  const command = join(dirname(fileURLToPath(import.meta.resolve('@changesets/cli/package.json'))), 'bin.js');
  execFileSync(process.execPath, [command, 'version'], { cwd: copy, stdio: 'pipe' });
  expect(readdirSync(join(copy, '.changeset')).filter((file) => file.endsWith('.md'))).toEqual([]);
  const { version } = manifestOf('core');
  expect(version).not.toBe('0.0.0');
  const { status, stdout } = release();
  expect(status).toBe(0);
  expect(stdout.trimEnd().split('\n')).toEqual(names.map((name) => `@sshn/${name} ${version}`));
});
