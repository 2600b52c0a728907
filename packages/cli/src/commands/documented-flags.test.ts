import { readdirSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../program.js';

const program = createProgram(() => undefined);
const repository = new URL('../../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, repository), 'utf8');

/** Commands as they are shown to people: with continued lines joined, without comments and what lies behind a pipe. */
function commandsIn(text: string): string[] {
  const joined = text.replaceAll(/\\\n\s*/g, ' ');
  return [
    ...joined.matchAll(/(?:\$|npx|pnpm@\S+|^) ?sshn ((?:train|evaluate|pareto|register|warp) [^\n`#|]*)/gm),
  ].map((found) => found[1]!);
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text;
}

const sources: Array<readonly [string, string]> = [
  ['README.md', read('README.md')],
  ['packages/cli/README.md', read('packages/cli/README.md')],
  ...readdirSync(new URL('experiments', repository), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => [`experiments/${name}/README.md`, read(`experiments/${name}/README.md`)] as const),
  ...[program, ...program.commands].map((one) => [`${one.name()} --help`, helpOf(one)] as const),
];
const shown = sources.flatMap(([source, text]) => commandsIn(text).map((line) => [source, line] as const));

describe('commands that the documentation shows', () => {
  it('are found', () => {
    expect(shown.length).toBeGreaterThan(20);
  });

  it.each(shown)('%s: sshn %s has flags that there are', (_, line) => {
    const name = line.split(' ')[0];
    const command = program.commands.find((one) => one.name() === name)!;
    const known = command.options.map(({ long }) => long);
    const flags = [...line.matchAll(/(?<=\s)--[\w-]+/g)].map(([flag]) => flag);
    for (const flag of flags) expect([...known, '--help']).toContain(flag);
  });
});
