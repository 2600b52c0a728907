import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

/** An example as a user has it: copied to a folder of its own, with what its package.json names installed. */
export interface InstalledExample extends Disposable {
  readonly folder: string;
}

interface Manifest {
  readonly name: string;
  readonly bin?: string | Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** What an example leaves behind where it ran, and a copy does not take along. */
const leftovers = new Set(['node_modules', 'dist', 'run', 'model', 'samples', 'result']);

/**
 * Copies an example and installs it without a registry: packages of ours are built from the sources of this repository as
 * they are published (ES modules, without the condition for sources), all others are links to what is installed here.
 */
export async function installExample(name: string): Promise<InstalledExample> {
  const example = join(repository, 'examples', name);
  const folder = mkdtempSync(join(tmpdir(), `sshn-${name}-`));
  cpSync(example, folder, { recursive: true, filter: (path) => !leftovers.has(basename(path)) });
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '.bin'), { recursive: true });
  const { dependencies, devDependencies } = manifestIn(example);
  await installAll(Object.keys({ ...dependencies, ...devDependencies }), example, modules);
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

async function installAll(names: readonly string[], from: string, modules: string): Promise<void> {
  for (const name of names) {
    const [at, source] = [join(modules, name), join(from, 'node_modules', name)];
    // An optional peer may be missing.
    if (existsSync(at) || !existsSync(source)) continue;
    mkdirSync(dirname(at), { recursive: true });
    if (name.startsWith('@sshn/')) {
      await publish(source, at);
      const { dependencies, peerDependencies } = manifestIn(source);
      await installAll(Object.keys({ ...dependencies, ...peerDependencies }), source, modules);
    } else symlinkSync(source, at);
    linkCommands(at, modules);
  }
}

/** Builds a package as `pnpm build` does, but for declarations and CommonJS. */
async function publish(source: string, at: string): Promise<void> {
  cpSync(join(source, 'package.json'), join(at, 'package.json'));
  if (existsSync(join(source, 'models')))
    cpSync(join(source, 'models'), join(at, 'models'), { recursive: true });
  const entries = {
    index: 'src/index.ts',
    'node/index': 'src/node/index.ts',
    main: 'src/main.ts',
    'preprocessing/options': 'src/preprocessing/options.ts',
  };
  await build({
    absWorkingDir: source,
    entryPoints: Object.fromEntries(
      Object.entries(entries).filter(([, file]) => existsSync(join(source, file))),
    ),
    outdir: join(at, 'dist'),
    bundle: true,
    splitting: true,
    packages: 'external',
    external: ['#*'],
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
  });
  if (!existsSync(join(source, 'src/codecs'))) return;
  const codecs = [join(repository, 'scripts/page-codecs.mjs'), join(at, 'dist/codecs')];
  await promisify(execFile)(process.execPath, codecs, { cwd: source });
}

function linkCommands(at: string, modules: string): void {
  const { name, bin = {} } = manifestIn(at);
  const commands = typeof bin === 'string' ? { [basename(name)]: bin } : bin;
  for (const [command, file] of Object.entries(commands)) {
    const link = join(modules, '.bin', command);
    if (existsSync(join(at, file)) && !existsSync(link)) symlinkSync(join(at, file), link);
  }
}

/** The package.json of a folder. */
export function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}
