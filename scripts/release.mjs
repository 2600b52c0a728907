// Publishes all packages, once `changeset version` has given them versions: it refuses while one is at 0.0.0.
// With --dry, it says what it would publish, and stops there.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    dry: { type: 'boolean', default: false },
    root: { type: 'string', default: join(import.meta.dirname, '..') },
  },
});

const folder = join(options.root, 'packages');
const packages = readdirSync(folder)
  .sort()
  .map((name) => JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')));
const unversioned = packages.filter(({ version }) => version === '0.0.0').map(({ name }) => name);

if (unversioned.length > 0) {
  console.error(`Not published: at version 0.0.0 are ${unversioned.join(', ')}.`);
  console.error(
    'Run pnpm changeset version first. It takes versions and changelogs from the files in .changeset/.',
  );
  process.exitCode = 1;
} else if (options.dry) {
  for (const { name, version } of packages) console.log(`${name} ${version}`);
} else {
  for (const command of [
    ['run', 'verify'],
    ['exec', 'changeset', 'publish'],
  ]) {
    const { status } = spawnSync('pnpm', command, { stdio: 'inherit', cwd: options.root });
    process.exitCode = status ?? 1;
    if (status !== 0) break;
  }
}
