import type { Command } from 'commander';
import { prepareDataset } from '../datasets/prepare.js';
import { sourceOf, sources } from '../datasets/sources.js';
import { exitCodes } from '../program-help.js';
import { terminalOn } from '../terminal/terminal.js';

const dataHelp = {
  description: `Prepare a dataset of the paper for sshn train and sshn experiment.

Without FOLDER it says where the dataset is available and on what terms: sshn downloads nothing. With FOLDER, where you have unpacked \
it, its files are checked and written to OUT as sshn train reads them.`,
  examples: `
Examples:
  $ sshn data                                      # all of them
  $ sshn data oasis-2d                             # where it is available
  $ sshn data oasis-2d ~/neurite-oasis.2d.v1.0 -o data/oasis-2d
  $ sshn experiment preset oasis-table1 > oasis.yaml`,
};

/** `sshn data`: datasets of the paper. */
export function addDataCommand(program: Command, finish: (exitCode: number) => void): void {
  program
    .command('data')
    .summary('prepare a dataset of the paper')
    .description(dataHelp.description)
    .argument('[name]', sources.map(({ name }) => name).join(', '))
    .argument('[folder]', 'where the dataset is unpacked')
    .option('-o, --out <folder>', 'where to write (default: data/ and the name)')
    .addHelpText('after', dataHelp.examples)
    .action(
      async (name: string | undefined, folder: string | undefined, { out }: { readonly out?: string }) =>
        finish(await data(name, folder, out)),
    );
}

async function data(
  name: string | undefined,
  folder: string | undefined,
  out: string | undefined,
): Promise<number> {
  if (name === undefined) {
    process.stdout.write(`${sources.map((one) => `${one.name}\n    ${one.title}`).join('\n')}\n`);
    return exitCodes.ok;
  }
  const source = sourceOf(name);
  if (folder === undefined) {
    process.stdout.write(`${source.title}\nfrom     ${source.obtain}\nunpacked ${source.layout}\n`);
    return exitCodes.ok;
  }
  const terminal = terminalOn(process.stderr);
  try {
    const prepared = await prepareDataset(source, folder, out ?? `data/${name}`, (done, total) =>
      terminal.live(`${done} of ${total} images`),
    );
    terminal.clear();
    for (const note of prepared.notes) process.stderr.write(`note: ${note}\n`);
    const how = source.kind === 'asIs' ? 'is read as it is' : 'is ready';
    process.stdout.write(`${prepared.folder} ${how}: ${prepared.images} images\n`);
    return exitCodes.ok;
  } finally {
    terminal.clear();
  }
}
