import { join, relative } from 'node:path';
import { SshnError } from '@sshn/core';
import type { Dataset } from '@sshn/data';
import { knobRanges, priorOf, type RunConfig, type TrainEvent } from '@sshn/training';
import { readRunFile, readStoredSplit, trainRun } from '@sshn/training/node';
import { type Command, Option } from 'commander';
import type { FlagValue } from '../config/file.js';
import { describeConfig } from '../config/file.js';
import { addConfigOptions, effectiveConfig, flagsIn } from '../config/flags.js';
import { type ComputingFlags, startBackend } from '../process/backend.js';
import { listenForInterruption } from '../process/exit.js';
import { exitCodes, factorHelp } from '../program-help.js';
import {
  type DataSource,
  dataName,
  type FolderLayout,
  layoutOf,
  loadAll,
  openData,
  parseDataSource,
} from '../run/data-source.js';
import { keepOptions, type MemoryFlags } from '../run/memory.js';
import { noRun, requireData } from '../run/open-run.js';
import { type Terminal, terminalOn } from '../terminal/terminal.js';
import { commandText, jsonLine } from '../terminal/text.js';
import { TrainView } from '../terminal/train-view.js';
import { addComputingOptions, addMemoryOptions } from './options.js';

const trainHelp = {
  description: `Train a network in a run folder, from generated weights or from where the run was left.

DATA is a folder of images/ and labels/ with the same file names (PNG, TIFF, BMP, JPEG; label values 0, 1, 2 …), \
NIfTI volumes in the same places or in a folder per subject, as t1.nii.gz and labels.nii.gz, \
a folder laid out like the WBC dataset, or phantoms[:cells|blobs[:COUNT[:SEED]]] for generated images.

${factorHelp}

Methods: sshn predicts all weights from φ (one training, every φ); fixed trains for one φ; stochastic trains one set \
of weights at random φ; film lets φ scale and shift the features. The best weights on the validation images are kept.

With --rescaling separate every downsampling step of the network has a factor of its own, drawn independently, and the \
hypernetwork sees all of them.

With --knobs factor,width,resolution the one network also runs with fewer features and on smaller images, so that its cost \
spans a factor of eighty; --knobs factor is φ alone.

Ctrl-C stops with a checkpoint. The same command, or --resume, goes on as if nothing had happened.`,
  examples: `
Examples:
  $ sshn train phantoms:cells:200 --size 64x64 --epochs 20 --features 16
  $ sshn train cells/ --out runs/cells --config cells.yaml --seed 2
  $ sshn train cells/ --method fixed --factor 0.25
  $ sshn train cells/ --architecture senet --normalization group --loss focalTversky --loss-gamma 1.5
  $ sshn train brains/ --slices coronal --slice-range 80,110 --slice-step 5   # 2D slices of volumes
  $ sshn train brains/ --task registration --slices coronal --weight 0.1   # learn to align pairs
  $ sshn train scans/ --task registration --align affine   # scans in any pose: aligned first, kept in the run folder
  $ sshn train cells/ --rescaling separate --stages 4 --prior 0,1
  $ sshn train cells/ --knobs factor,width,resolution          # one training, every cost
  $ sshn train cells/ --knobs factor,width --width-range 0.5,1
  $ sshn train brains/ --split splits_final.json --fold 1   # the folds of nnU-Net
  $ sshn train scans/ --memory 4GB --cache prepared/   # more images than memory
  $ sshn train scans/ --fit pad --patch-size 64x64x64   # volumes too large for a step: random patches
  $ sshn train --resume runs/cells

The run folder holds run.json (what is trained), metrics.jsonl (a line per epoch), checkpoints, and the best model; with --align
also alignment.json (how each image is aligned). Images that do not fit into memory (--memory) are prepared once into a folder (--cache), \
and read from there ahead of their use; results are the same to the bit.`,
};

interface TrainOptions extends ComputingFlags, MemoryFlags {
  readonly out?: string;
  readonly config?: string;
  readonly layout?: FolderLayout;
  readonly resume?: string;
  readonly data?: string;
  readonly json?: boolean;
}

/** What is trained, and where it is kept. */
interface Request {
  readonly folder: string;
  readonly data: DataSource;
  /** Where the data are now, if no longer there. */
  readonly moved?: DataSource;
  /** `size` may be one number: the edge of a square or a cube. */
  readonly config: RunConfig;
  /** Whether keys of the configuration, rather than flags, are what the user has written. */
  readonly isFromFile: boolean;
}

/** `sshn train`: trains one network, in a run folder. */
export function addTrainCommand(program: Command, finish: (exitCode: number) => void): void {
  const settings: FlagValue[] = [];
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
    .option('--data <folder>', 'of --resume: where the images are now, if they have moved')
    .option(
      '--json',
      'print one JSON object per line: the run, its epochs, its end; text goes to standard error',
    )
    .addHelpText('after', trainHelp.examples);
  addMemoryOptions(command);
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
    if (options.resume === undefined && options.data !== undefined) {
      command.error('error: --data goes with --resume: a new run takes DATA as its argument');
    }
    const request =
      options.resume === undefined
        ? await newRun(data!, options, settings)
        : await oldRun(options.resume, options.data);
    finish(await train(request, options));
  });
}

async function newRun(text: string, options: TrainOptions, settings: readonly FlagValue[]): Promise<Request> {
  const edge = settings.findLast(({ path }) => path.join() === 'size')?.value;
  // Of one number the data decide whether it is the edge of a square or of a cube.
  const isEdge = Array.isArray(edge) && edge.length === 1;
  const config = await effectiveConfig(
    options.config,
    settings.filter(({ path }) => !isEdge || path.join() !== 'size'),
  );
  const data = parseDataSource(text, options.layout);
  return {
    folder: options.out ?? join('runs', runName(data, config)),
    data,
    config: isEdge ? { ...config, size: edge as number[] } : config,
    isFromFile: options.config !== undefined,
  };
}

async function oldRun(folder: string, moved: string | undefined): Promise<Request> {
  const run = await readRunFile(folder);
  if (run === undefined) throw noRun(folder);
  if (moved === undefined) {
    await requireData(run.data, commandText(['train'], { resume: folder, data: 'FOLDER' }));
  }
  return {
    folder,
    data: run.data,
    ...(moved === undefined ? {} : { moved: parseDataSource(moved, layoutOf(run.data)) }),
    config: run.config,
    isFromFile: true,
  };
}

async function train(
  { folder, data, moved, config, isFromFile }: Request,
  flags: TrainOptions,
): Promise<number> {
  const isJson = flags.json === true;
  const terminal = terminalOn(isJson ? process.stderr : process.stdout);
  const print = (line: object): void => {
    if (isJson) process.stdout.write(`${jsonLine(line)}\n`);
  };
  const backend = await startBackend(flags, 'training');
  const warn = (warning: string): void => {
    terminal.line(`${terminal.style('yellow', 'warning')}  ${warning}`);
    print({ kind: 'warning', message: warning });
  };
  const keep = keepOptions(folder, flags);
  const opened = await openData(moved ?? data, config, warn, keep).catch((error: unknown) => {
    if (!isFromFile && error instanceof SshnError) error.message = flagsIn(error.message);
    throw error;
  });
  const dataset = moved === undefined ? opened : { ...opened, name: dataName(data) };
  await loadAll(dataset, (done, total) => terminal.live(`reading images ${done}/${total}`));
  const settled = config.size?.length === 1 ? { ...config, size: [...dataset.size] } : config;
  terminal.line(introduction(folder, data, dataset, settled, backend.description, terminal));
  const { ids, size, channels, labelNames } = dataset;
  print({
    kind: 'run',
    folder,
    data,
    dataset: { images: ids.length, size, channels, labelNames },
    backend: backend.name,
    config: settled,
  });
  const interruption = listenForInterruption(() => {
    terminal.clear();
    terminal.line('stopping after this step, with a checkpoint; Ctrl-C again stops at once');
  });
  const view = new TrainView(terminal);
  let isTrained = false;
  try {
    const { signal } = interruption;
    const onEvent = (event: TrainEvent): void => {
      view.show(event);
      isTrained ||= event.kind === 'front';
      if (event.kind !== 'step') print(event);
    };
    const end = await trainRun({ folder, dataset, data, config: settled, keep, onEvent, signal });
    const kept = await readStoredSplit(folder);
    const hasTest = kept?.images.some(({ part }) => part === 'test') ?? true;
    const hasKnobs = Object.keys(knobRanges(settled.knobs)).length > 0;
    terminal.line(conclusion(end, folder, flags, { hasTest, hasKnobs, isTrained }, terminal));
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

function conclusion(
  end: Extract<TrainEvent, { kind: 'end' }>,
  folder: string,
  { backend, threads }: ComputingFlags,
  { hasTest, hasKnobs, isTrained }: Record<'hasTest' | 'hasKnobs' | 'isTrained', boolean>,
  terminal: Terminal,
): string {
  const path = relative('', folder) || '.';
  const computing = { backend: backend === 'wasm' ? undefined : backend, threads };
  const best = Number.isNaN(end.bestDice)
    ? ''
    : ` Best Dice on validation images: ${end.bestDice.toFixed(4)}.`;
  if (end.reason === 'interrupted') {
    const again = commandText(['train'], { resume: path, ...computing });
    const when = isTrained
      ? 'after training, before its front was measured'
      : `in epoch ${end.epoch + 1}, with a checkpoint`;
    return `${terminal.style('yellow', 'interrupted')} ${when}.${best}\nGo on with: ${again}`;
  }
  const why = end.reason === 'stoppedEarly' ? 'stopped early, no more progress' : 'finished';
  const knobs =
    hasKnobs && !Number.isNaN(end.bestDice)
      ? '\nThe model has a coarse front of its widths and resolutions, from which budgets choose; `sshn pareto` looks for a finer one.'
      : '';
  return `${terminal.style('green', why)} after ${end.epoch} ${end.epoch === 1 ? 'epoch' : 'epochs'}.${best}${knobs}\nLook at its curve with: ${commandText(['pareto', path], { ...(hasTest ? {} : { split: 'validation' }), ...computing })}`;
}

/** Folder of a run that was given none: the same command finds it again. What is as by default is not named. */
export function runName(data: DataSource, config: RunConfig): string {
  const { method, architecture, rescaling, seed, split } = config;
  const fold = split !== undefined && 'fold' in split ? split.fold : undefined;
  const prior = priorOf(config);
  return [
    dataName(data),
    ...(architecture.name === 'unet' ? [] : [architecture.name]),
    method,
    ...(prior.kind === 'constant' ? [prior.factor].flat() : []),
    ...(prior.kind === 'uniform' && rescaling === 'separate' ? ['separate'] : []),
    `seed${seed}`,
    ...(fold === undefined ? [] : [`fold${fold}`]),
  ].join('-');
}
