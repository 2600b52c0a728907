import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

// The rules are only worth something if they refuse what they should: here is a small repository of the same layout, on
// which the check runs once as it is, and once with a fault of every kind in it.

const repository = fileURLToPath(new URL('../..', import.meta.url));
let root: string;

function write(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'sshn-arrows-')));
  write('tsconfig.json', '{}');
  for (const name of ['core', 'layers', 'architectures', 'hypernet']) {
    const exports = { '.': { '@sshn/source': './src/index.ts' } };
    write(
      `packages/${name}/package.json`,
      JSON.stringify({ name: `@sshn/${name}`, type: 'module', exports }),
    );
    write(`packages/${name}/src/index.ts`, 'export const a = 1;\nexport type A = number;\n');
    mkdirSync(join(root, 'node_modules/@sshn'), { recursive: true });
    symlinkSync(join(root, 'packages', name), join(root, 'node_modules/@sshn', name));
  }
  write('packages/layers/src/layer.ts', "import { a } from '@sshn/core';\nexport const b = a;\n");
  write('packages/layers/src/layer.test.ts', "import '@sshn/architectures';\nimport './layer.js';\n");
  write('node_modules/@tensorflow/tfjs-backend-cpu/package.json', '{"main":"dist/index.js"}');
  write('node_modules/@tensorflow/tfjs-backend-cpu/dist/index.js', '');
});

afterEach(() => rmSync(root, { recursive: true }));

/** What the check says of the small repository. */
async function arrows(): Promise<{ code: number; output: string }> {
  const command = join(repository, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [command, '--config', join(repository, '.dependency-cruiser.cjs'), 'packages'];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1' },
    });
    return { code: 0, output: stdout };
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string };
    return { code, output: stdout };
  }
}

test('arrows that point down pass, and tests may look sideways', async () => {
  const { code, output } = await arrows();
  expect(output).toContain('no dependency violations found');
  expect(code).toBe(0);
});

test('every kind of fault is refused', async () => {
  const faults = [
    ['layers/src/upwards.ts', "export { a } from '@sshn/architectures';", 'layers-points-down'],
    ['architectures/src/sideways.ts', "import '@sshn/hypernet';", 'architectures-points-down'],
    ['core/src/for-a-type.ts', "import type { A } from '@sshn/layers';", 'core-points-down'],
    ['core/src/around-the-entry.ts', "import '../../layers/src/layer.js';", 'core-points-down'],
    ['core/src/cycle-a.ts', "export { b as a } from './cycle-b.js';", 'no-cycles'],
    ['layers/src/backend.ts', "import '@tensorflow/tfjs-backend-cpu';", 'no-backend'],
    ['layers/src/needs-a-test.ts', "import './layer.test.js';", 'no-tests-in-sources'],
    ['core/src/unresolvable.ts', "import './nowhere.js';", 'resolvable'],
  ] as const;
  for (const [path, content] of faults) write(`packages/${path}`, `${content}\n`);
  write('packages/core/src/cycle-b.ts', "export { a as b } from './cycle-a.js';\n");
  const { code, output } = await arrows();
  expect(code).toBe(faults.length);
  const refused = [...output.matchAll(/error (\S+): packages\/(\S+)/g)].map(
    ([, rule, path]) => `${path} ${rule}`,
  );
  expect(refused.sort()).toEqual(faults.map(([path, , rule]) => `${path} ${rule}`).sort());
});
