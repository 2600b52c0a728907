import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.mjs';

/**
 * Installs tarballs into an empty project with npm, as a user would from the registry, peers included.
 *
 * @returns Whether it could: false where the registry cannot be reached.
 */
export async function installTarballs(tarballs, project) {
  await mkdir(project, { recursive: true });
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true }));
  // Optional and loaded when asked for; onnxruntime-node is large, too, and fetches more from elsewhere when it is installed.
  const left = ['onnxruntime-node', 'bullmq', 'ioredis'];
  const peers = tarballs
    .flatMap(({ manifest }) => Object.entries(manifest.peerDependencies ?? {}))
    .filter(([name]) => !left.includes(name));
  const wanted = new Map([...peers, ['@tensorflow/tfjs-backend-cpu', '^4.22.0']]);

  const [known] = wanted.keys();
  const registry = await run('npm', ['view', known, 'version', '--fetch-retries=0'], project);
  if (!registry.ok) return false;
  const { ok, output } = await run(
    'npm',
    [
      ...['install', '--no-audit', '--no-fund', '--no-package-lock', '--prefer-offline', '--loglevel=error'],
      ...tarballs.map(({ file }) => file),
      ...[...wanted].map(([name, range]) => `${name}@${range}`),
    ],
    project,
  );
  if (!ok) throw new Error(`npm cannot install the packages:\n${output}`);
  return true;
}
