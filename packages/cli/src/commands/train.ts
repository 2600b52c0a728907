import { join, relative } from 'node:path';
import type { Dataset } from '@sshn/data';
import type { RunConfig, TrainEvent } from '@sshn/training';
import { readRunFile, trainRun } from '@sshn/training/node';
import { type Command, Option } from 'commander';
import { describeConfig } from '../config/describe-config.js';
import { type DataSource, type FolderLayout, openData, parseDataSource } from '../data/data-source.js';
import { loadAll } from '../data/load-all.js';
import { type ComputingFlags, startBackend } from '../process/backend.js';
import { exitCodes } from '../process/exit-codes.js';
import { listenForInterruption } from '../process/interruption.js';
import { noRun } from '../run/no-run.js';
import { type Terminal, terminalOn } from '../terminal/terminal.js';
import { TrainView } from '../terminal/train-view.js';
import { shellQuoted } from '../text/shell-quoted.js';
import { addConfigOptions, effectiveConfig, type Setting } from './config-options.js';
import { trainHelp } from './help.js';
import { addComputingOptions } from './options.js';
import { runName } from './run-name.js';

interface TrainOptions extends ComputingFlags {
  readonly out?: string;
  readonly config?: string;
  readonly layout?: FolderLayout;
  readonly resume?: string;
}

/** What is trained, and where it is kept. */
interface Request {
  readonly folder: string;
  readonly data: DataSource;
  readonly config: RunConfig;
}

/** `sshn train`: trains one network, in a run folder. */
export function addTrainCommand(program: Command, finish: (exitCode: number) => void): void {
  const settings: Setting[] = [];
  const command = program
    .command('train')
    .summary('train a network on images and their labels')
    .description(trainHelp.description)
    .argument('[data]', 'folder of images and labels, or phantoms, phantoms:cells:200 for generated ones')
    .option('-o, --out <folder>', 'run folder (default: named after DATA, method and seed, in runs/)')
    .option('-c, --config <file>', 'configuration, JSON or YAML; flags override it')
    .addOption(
      new Option('--layout <kind>', 'how the folder is laid out (default: whichever it looks like)').choices([
        'wbc',
        'generic',
        'subjects',
      ]),
    )
    .addOption(
      new Option(
        '--resume <run>',
        'go on with a run; its folder knows the data and the configuration',
      ).conflicts(['out', 'config', 'layout']),
    )
    .addHelpText('after', trainHelp.examples);
  addComputingOptions(command);
  addConfigOptions(command, settings);
  command.action(async (data: string | undefined, options: TrainOptions) => {
    if (options.resume !== undefined && (data !== undefined || settings.length > 0)) {
      command.error(
        'error: --resume goes on with a run as it is: leave out DATA and the flags of its configuration',
      );
    }
    if (options.resume === undefined && data === undefined) {
      command.error("error: missing argument 'data'; for generated images: sshn train phantoms");
    }
    const request =
      options.resume === undefined ? await newRun(data!, options, settings) : await oldRun(options.resume);
    finish(await train(request, options, terminalOn(process.stdout)));
  });
}

async function newRun(text: string, options: TrainOptions, settings: readonly Setting[]): Promise<Request> {
  const config = await effectiveConfig(options.config, settings);
  const data = parseDataSource(text, options.layout);
  return { folder: options.out ?? join('runs', runName(data, config)), data, config };
}

async function oldRun(folder: string): Promise<Request> {
  const run = await readRunFile(folder);
  if (run === undefined) throw noRun(folder);
  return { folder, data: run.data, config: run.config };
}

async function train(
  { folder, data, config }: Request,
  flags: ComputingFlags,
  terminal: Terminal,
): Promise<number> {
  const backend = await startBackend(flags, 'training');
  const dataset = await openData(data, config, (warning) =>
    terminal.line(`${terminal.style('yellow', 'warning')}  ${warning}`),
  );
  await loadAll(dataset, (done, total) => terminal.live(`reading images ${done}/${total}`));
  terminal.line(introduction(folder, data, dataset, config, backend, terminal));
  const interruption = listenForInterruption(() => {
    terminal.clear();
    terminal.line('stopping after this step, with a checkpoint; Ctrl-C again stops at once');
  });
  const view = new TrainView(terminal);
  try {
    const { signal } = interruption;
    const end = await trainRun({ folder, dataset, data, config, onEvent: view.show, signal });
    terminal.line(conclusion(end, folder, terminal));
    return end.reason === 'interrupted' ? interruption.exitCode() : exitCodes.ok;
  } finally {
    terminal.clear();
    interruption.dispose();
  }
}

function introduction(
  folder: string,
  data: DataSource,
  { ids, size, channels, labelNames }: Dataset,
  config: RunConfig,
  backend: string,
  terminal: Terminal,
): string {
  const bold = (text: string) => terminal.style('bold', text);
  return [
    `${bold('run folder')}  ${folder}`,
    `${bold('data')}        ${data.path}: ${ids.length} images, ${size.join('×')} pixels, ${channels} ${channels === 1 ? 'channel' : 'channels'}; labels ${labelNames.join(', ')}`,
    `${bold('backend')}     ${backend}`,
    bold('configuration'),
    ...describeConfig(config)
      .split('\n')
      .map((line) => `  ${line}`),
  ].join('\n');
}

function conclusion(end: Extract<TrainEvent, { kind: 'end' }>, folder: string, terminal: Terminal): string {
  const path = relative('', folder) || '.';
  const best = Number.isNaN(end.bestDice)
    ? ''
    : ` Best Dice on validation images: ${end.bestDice.toFixed(4)}.`;
  if (end.reason === 'interrupted') {
    return `${terminal.style('yellow', 'interrupted')} in epoch ${end.epoch + 1}, with a checkpoint.${best}\nGo on with: sshn train --resume ${shellQuoted(path)}`;
  }
  const why = end.reason === 'stoppedEarly' ? 'stopped early, no more progress' : 'finished';
  return `${terminal.style('green', why)} after ${end.epoch} ${end.epoch === 1 ? 'epoch' : 'epochs'}.${best}\nLook at its curve with: sshn pareto ${shellQuoted(path)}`;
}
