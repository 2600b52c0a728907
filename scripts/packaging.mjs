// Checks what a user gets: packs every built package, and looks at the tarballs the way npm, TypeScript, Node and a
// bundler do. Run after `pnpm build`.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkManifest } from './packaging/check-manifest.mjs';
import { checkTypes } from './packaging/check-types.mjs';
import { installTarballs } from './packaging/install.mjs';
import { packAll } from './packaging/pack.mjs';
import { checkPageBundle, checkTreeShaking } from './packaging/tree-shaking.mjs';
import { useInstalled } from './packaging/use-installed.mjs';

const folder = await mkdtemp(join(tmpdir(), 'sshn-packaging-'));
const faults = [];
try {
  const tarballs = await packAll(join(folder, 'tarballs'));
  for (const tarball of tarballs) {
    const found = [...(await checkManifest(tarball)), ...(await checkTypes(tarball))];
    console.log(`${found.length === 0 ? '✓' : '✗'} ${tarball.name}, ${tarball.entries.length} files`);
    faults.push(...found.map((fault) => `${tarball.name}: ${fault}`));
  }
  const project = join(folder, 'project');
  if (await installTarballs(tarballs, project)) {
    faults.push(...(await useInstalled(tarballs, project)));
    faults.push(...(await checkTreeShaking(project)));
    faults.push(...(await checkPageBundle(project)));
  } else {
    console.log('SKIPPED: the registry cannot be reached, so nothing was installed, imported or bundled.');
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
for (const fault of faults) console.error(fault);
console.log(faults.length === 0 ? 'Packages are fit to be published.' : `${faults.length} faults.`);
process.exitCode = faults.length === 0 ? 0 : 1;
