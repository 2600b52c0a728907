import { join, relative } from 'node:path';
import type { Dataset } from '@sshn/data';
import { priorOf, type RunConfig, type TrainEvent } from '@sshn/training';
import { readRunFile, trainRun } from '@sshn/training/node';
import { type Command, Option } from 'commander';
import { describeConfig } from '../config/file.js';
import { addConfigOptions, effectiveConfig, type Setting } from '../config/flags.js';
import { type ComputingFlags, startBackend } from '../process/backend.js';
import { exitCodes, listenForInterruption } from '../process/exit.js';
import {
  type DataSource,
  dataName,
  type FolderLayout,
  loadAll,
  openData,
  parseDataSource,
} from '../run/data-source.js';
import { noRun } from '../run/open-run.js';
import { type Terminal, terminalOn } from '../terminal/terminal.js';
import { shellQuoted } from '../terminal/text.js';
import { TrainView } from '../terminal/train-view.js';
import { addComputingOptions, factorText } from './options.js';

const trainHelp = {
  description: `Train a network in a run folder, from generated weights or from where the run was left.

DATA is a folder of images/ and labels/ with the same file names (PNG, TIFF, BMP, JPEG; label values 0, 1, 2 …), \
NIfTI volumes in the same places or in a folder per subject, as t1.nii.gz and labels.nii.gz, \
a folder laid out like the WBC dataset, or phantoms[:cells|blobs[:COUNT[:SEED]]] for generated images.

${factorText}

Methods: sshn predicts all weights from φ (one training, every φ); fixed trains for one φ; stochastic trains one set \
of weights at random φ; film lets φ scale and shift the features. The best weights on the validation images are kept.

With --rescaling separate every downsampling step of the network has a factor of its own, drawn independently, and the \
hypernetwork sees all of them.

Ctrl-C stops with a checkpoint. The same command, or --resume, goes on as if nothing had happened.`,
  examples: `
Examples:
  $ sshn train phantoms:cells:200 --size 64x64 --epochs 20 --features 16
  $ sshn train cells/ --out runs/cells --config cells.yaml --seed 2
  $ sshn train cells/ --method fixed --factor 0.25
  $ sshn train cells/ --architecture senet --normalization group --loss focalTversky --loss-gamma 1.5
  $ sshn train brains/ --slices coronal --slice-range 80,110 --slice-step 5   # 2D slices of volumes
  $ sshn train brains/ --task registration --slices coronal --weight 0.1   # learn to align pairs
  $ sshn train cells/ --rescaling separate --stages 4 --prior 0,1
  $ sshn train --resume runs/cells

The run folder holds run.json (what is trained), metrics.jsonl (a line per epoch), checkpoints, and the best model.`,
};

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

/** Folder of a run that was given none: the same command finds it again. What is as by default is not named. */
export function runName(data: DataSource, config: RunConfig): string {
  const { method, architecture, rescaling, seed } = config;
  const prior = priorOf(config);
  return [
    dataName(data),
    ...(architecture.name === 'unet' ? [] : [architecture.name]),
    method,
    ...(prior.kind === 'constant' ? [prior.factor].flat() : []),
    ...(prior.kind === 'uniform' && rescaling === 'separate' ? ['separate'] : []),
    `seed${seed}`,
  ].join('-');
}
