import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const names = readdirSync(examples, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const textOf = (...path: string[]) => readFileSync(join(examples, ...path), 'utf8');

/** Files of an example that hold program text, its pages among them. */
function programs(name: string, folder = ''): string[] {
  return readdirSync(join(examples, name, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ['node_modules', 'dist'].includes(entry.name) ? [] : programs(name, path);
    return ['.ts', '.tsx', '.mjs', '.js', '.html'].includes(extname(path)) && !path.endsWith('.test.ts')
      ? [path]
      : [];
  });
}

/** Packages that a program imports: `from 'x'`, `import 'x'`, `import('x')`. */
function importedBy(text: string): string[] {
  const specifiers = text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'((?!\.|\/)[^']+)'/g);
  return [...specifiers]
    .map(([, specifier]) => specifier!.split('?')[0]!.split('/'))
    .map(([scope, name]) => (scope!.startsWith('@') ? `${scope}/${name}` : scope!))
    .filter((name) => !isBuiltin(name));
}

describe.each(names)('%s can be copied', (name) => {
  const manifest = JSON.parse(textOf(name, 'package.json'));
  const versions: Record<string, string> = { ...manifest.dependencies, ...manifest.devDependencies };

  test('it names the version of every package that it imports', () => {
    const imported = programs(name).flatMap((file) => importedBy(textOf(name, file)));
    expect(imported.length).toBeGreaterThan(0);
    for (const wanted of new Set(imported)) expect(Object.keys(versions)).toContain(wanted);
    for (const [wanted, version] of Object.entries(versions)) expect(version, wanted).toMatch(/^[\^~]\d/);
  });

  test('its programs reach for no file outside of it', () => {
    for (const file of programs(name)) {
      for (const [, path] of textOf(name, file).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+)'/g))
        expect(join(name, file, '..', path!).split(/[\\/]/)[0], `${file}: ${path}`).toBe(name);
    }
  });

  test('its scripts start commands that it installs', () => {
    const installed = Object.keys(versions).flatMap((wanted) => {
      const { bin = {} } = JSON.parse(textOf(name, 'node_modules', wanted, 'package.json'));
      return typeof bin === 'string' ? [wanted.split('/').at(-1)!] : Object.keys(bin);
    });
    for (const script of Object.values<string>(manifest.scripts))
      for (const command of script.split(' && '))
        expect(['node', ...installed]).toContain(command.trim().split(' ')[0]);
  });

  test('its README says what to expect', () => {
    expect(textOf(name, 'README.md')).toMatch(/^What to expect/m);
  });

  test('its README explains its scripts, and no others', () => {
    expect(existsSync(join(examples, name, 'README.md'))).toBe(true);
    const readme = textOf(name, 'README.md');
    const scripts = Object.keys(manifest.scripts);
    for (const [, run, start] of readme.matchAll(/\bnpm run ([a-z:]+)|\bnpm (start)\b/g))
      expect(scripts).toContain(run ?? start);
    for (const script of scripts)
      expect(readme).toMatch(new RegExp(`(npm|run|examples/${name}) ${script}\\b`));
  });
});

test('the index of the examples has them all', () => {
  const linked = [...textOf('README.md').matchAll(/\]\(([a-z-]+)\/?\)/g)].map(([, name]) => name);
  expect(linked.sort()).toEqual([...names].sort());
});
