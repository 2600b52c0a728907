import { ValueError } from '@sshn/core';
import type { Command } from 'commander';
import { downloadDataset } from '../datasets/download.js';
import { prepareDataset } from '../datasets/prepare.js';
import { type Archive, type Source, sourceOf, sources } from '../datasets/sources.js';
import { exitCodes } from '../program-help.js';
import { terminalOn } from '../terminal/terminal.js';

const dataHelp = {
  description: `Prepare a dataset of the paper for sshn train and sshn experiment.

Without FOLDER it says where the dataset is available and on what terms. With FOLDER, where you have unpacked it, its files are \
checked and written to OUT as sshn train reads them. With --download it is fetched and unpacked to FOLDER first, where its terms \
allow it; an interrupted download goes on where it stopped.`,
  examples: `
Examples:
  $ sshn data                                      # all of them
  $ sshn data oasis-2d                             # where it is available
  $ sshn data wbc --download                       # to data/wbc-published, checked
  $ sshn data oasis-2d --download --accept-terms
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
    .option('--download', 'fetch it first (FOLDER: data/, the name and -published, if not given)')
    .option('--accept-terms', 'I agree to the terms of the dataset: see sshn data NAME')
    .addHelpText('after', dataHelp.examples)
    .action(async (name: string | undefined, folder: string | undefined, options: DataOptions) =>
      finish(await data(name, folder, options)),
    );
}

interface DataOptions {
  readonly out?: string;
  readonly download?: boolean;
  readonly acceptTerms?: boolean;
}

async function data(
  name: string | undefined,
  given: string | undefined,
  { out, download = false, acceptTerms = false }: DataOptions,
): Promise<number> {
  if (name === undefined) {
    process.stdout.write(`${sources.map((one) => `${one.name}\n    ${one.title}`).join('\n')}\n`);
    return exitCodes.ok;
  }
  const source = sourceOf(name);
  const folder = given ?? (download ? `data/${name}-published` : undefined);
  if (folder === undefined) {
    const how = source.archive === undefined ? 'by hand' : `sshn data ${name} --download`;
    process.stdout.write(
      `${source.title}\nfrom     ${source.obtain}\nget it   ${how}\nunpacked ${source.layout}\n`,
    );
    return exitCodes.ok;
  }
  const terminal = terminalOn(process.stderr);
  try {
    if (download) {
      const archive = requireArchive(source, acceptTerms);
      terminal.line(`${archive.url} to ${folder}`);
      await downloadDataset(archive, folder, (loaded, total) => terminal.live(bytesOf(loaded, total)));
    }
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

/** The archive of a source whose terms are met. */
function requireArchive({ name, obtain, archive }: Source, acceptTerms: boolean): Archive {
  if (archive === undefined)
    throw new ValueError({
      where: 'sshn data --download',
      got: name,
      expected: 'a dataset that may be fetched by a program',
      hint: `This one is available from ${obtain}.`,
    });
  if (archive.asks && !acceptTerms)
    throw new ValueError({
      where: 'sshn data --download',
      got: name,
      expected: `--accept-terms beside it, if you agree to ${archive.terms}`,
    });
  return archive;
}

function bytesOf(loaded: number, total: number | undefined): string {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  if (total === undefined) return megabytes(loaded);
  return `${megabytes(loaded)} of ${megabytes(total)}, ${Math.floor((100 * loaded) / total)} %`;
}
