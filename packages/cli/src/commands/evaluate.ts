import type { Factor } from '@sshn/core';
import type { Dataset } from '@sshn/data';
import { outsideTraining } from '@sshn/model';
import { type FactorResult, knobRanges, priorOf } from '@sshn/training';
import type { Run } from '@sshn/training/node';
import { type Command, Option } from 'commander';
import { parseFactor } from '../config/values.js';
import { telltaleFactors } from '../pareto/factors.js';
import { hasKnobs } from '../pareto/front.js';
import { sweep, withTimes } from '../pareto/measure.js';
import { resultsCsv } from '../pareto/results-csv.js';
import { type ComputingFlags, startBackend } from '../process/backend.js';
import { listenForInterruption } from '../process/exit.js';
import { exitCodes, factorHelp } from '../program-help.js';
import { foldMeans, foldMeansTable, requireFolds } from '../run/folds.js';
import type { MemoryFlags } from '../run/memory.js';
import { openRun, windowsOf } from '../run/open-run.js';
import { resultsTable, SweepView } from '../terminal/sweep-view.js';
import { type Terminal, terminalOn } from '../terminal/terminal.js';
import {
  addComputingOptions,
  addMemoryOptions,
  addSplitOption,
  argument,
  factorsType,
  factorType,
  knobType,
  readerOf,
  type SplitName,
  toleranceType,
} from './options.js';

const evaluateHelp = {
  description: `Evaluate the best model of a run at some rescaling factors: Dice per label, GFLOPs and milliseconds.

Dice is 2·overlap / (prediction + truth), per image and label, then averaged over foreground labels and images. A label \
that is absent from both has none: such undefined cases are left out of the mean, and counted. GFLOPs and milliseconds \
are of one forward pass on one image or, of a run that was trained on patches, on one patch: its images are predicted in overlapping windows of that size. Several runs are the folds of one cross-validation, trained on the same data with the same \
configuration: each is evaluated on its own images, then the mean and standard deviation over folds are given. --surface adds distances between the surfaces of predicted and true labels: a label \
that only one of them has counts as far apart as the corners of the image.

${factorHelp}`,
  examples: `
Examples:
  $ sshn evaluate runs/cells
  $ sshn evaluate runs/cells --factors 0,0.1,0.25,0.5 --split validation
  $ sshn evaluate runs/cells-separate --factor 0.3,0.4,0.5
  $ sshn evaluate runs/fold1 runs/fold2 runs/fold3 --factors 0,0.25     # mean ± sd over folds
  $ sshn evaluate runs/cells --weights-of 0.5 --factors 0.3,0.4,0.5,0.6
  $ sshn evaluate runs/brains --surface 2 --csv
  $ sshn evaluate runs/cells --json | jq '.results[].dice'`,
};

interface EvaluateOptions extends ComputingFlags, MemoryFlags {
  readonly factors?: number[];
  readonly factor?: number | number[];
  readonly split: SplitName;
  readonly data?: string;
  readonly weightsOf?: number | number[];
  readonly surface?: number;
  readonly lambda?: number;
  readonly width?: number;
  readonly inputResolution?: number;
  readonly times: boolean;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** `sshn evaluate`: Dice, FLOPs and time of a trained run at a few factors. */
export function addEvaluateCommand(program: Command, finish: (exitCode: number) => void): void {
  const command = program
    .command('evaluate')
    .summary('measure a trained network at some rescaling factors')
    .description(evaluateHelp.description)
    .argument('<run...>', 'run folder of sshn train; several are folds of one data set')
    .option(
      '-f, --factors <numbers>',
      'rescaling factors in [0, 1], separated by commas (default: the ends and the middle of the range of training)',
      readerOf(factorsType),
    )
    .addOption(
      new Option(
        '--factor <numbers>',
        'evaluate at this factor alone, or at a separate one for each downsampling step, such as 0.3,0.4,0.5',
      )
        .argParser(argument(parseFactor))
        .conflicts('factors'),
    )
    .addOption(
      new Option(
        '--weights-of <factor>',
        'run the weights that are predicted for this factor at all factors: how well weights transfer',
      ).argParser(argument(parseFactor)),
    )
    .option('--data <folder>', 'where the images are now, if they have moved since training')
    .addOption(
      new Option(
        '--surface <tolerance>',
        'also measure distances between surfaces in mm (in pixels where files do not say): HD95, ASSD, and surface Dice within this tolerance',
      ).argParser(readerOf(toleranceType)),
    )
    .addOption(
      new Option(
        '--lambda <number>',
        'weight of smoothness, in [0, 1], of a registration network that takes one (default: the middle of training)',
      ).argParser(readerOf(factorType)),
    )
    .addOption(
      new Option(
        '--width <share>',
        'share of the features of every stage, of a network trained with --width-range (default: 1)',
      ).argParser(readerOf(knobType)),
    )
    .addOption(
      new Option(
        '--input-resolution <share>',
        "share of the images' size that the network sees, of one trained with --resolution-range (default: 1)",
      ).argParser(readerOf(knobType)),
    )
    .option('--no-times', 'measure no milliseconds')
    .option('--json', 'print the results as JSON')
    .addOption(new Option('--csv', 'print the results as CSV, the columns of pareto.csv').conflicts('json'))
    .addHelpText('after', evaluateHelp.examples);
  addComputingOptions(addMemoryOptions(addSplitOption(command)));
  command.action(async (folders: string[], options: EvaluateOptions) =>
    finish(await evaluate(folders, options)),
  );
}

/** The results of one run. */
interface Evaluated {
  readonly run: Run;
  readonly results: ReadonlyArray<FactorResult<Factor>>;
  /** Mean number of pixels or voxels of each label in the images, as the network sees them. */
  readonly labelSizes: Readonly<Record<string, number>>;
}

async function evaluate(folders: readonly string[], options: EvaluateOptions): Promise<number> {
  const terminal = terminalOn(process.stderr);
  await requireFolds(folders, options.split);
  const { description: backend } = await startBackend(options, 'inference');
  const interruption = listenForInterruption(() => {
    terminal.clear();
    terminal.line('stopping after this factor; Ctrl-C again stops at once');
  });
  const all: Evaluated[] = [];
  try {
    let isComplete = true;
    for (const folder of folders) {
      if (!isComplete) break;
      const { wanted, ...one } = await evaluateOne(folder, options, backend, terminal, interruption.signal);
      isComplete = one.results.length === wanted;
      all.push(one);
    }
    terminal.clear();
    const [first] = all;
    if (folders.length === 1 && first !== undefined) process.stdout.write(`${formatted(first, options)}\n`);
    else process.stdout.write(`${formattedFolds(all, isComplete, options)}\n`);
    return isComplete ? exitCodes.ok : interruption.exitCode();
  } finally {
    terminal.clear();
    interruption.dispose();
    for (const { run } of all) run.dispose();
  }
}

async function evaluateOne(
  folder: string,
  options: EvaluateOptions,
  backend: string,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Evaluated & { readonly wanted: number }> {
  const { run, dataset } = await openRun(folder, options.data, 'evaluate', options);
  const { split, lambda, width, inputResolution: resolution, weightsOf } = options;
  const knobs = {
    ...(width === undefined ? {} : { width }),
    ...(resolution === undefined ? {} : { resolution }),
  };
  try {
    const one = options.factor === undefined ? undefined : [options.factor];
    const factors: readonly Factor[] = one ?? options.factors ?? telltaleFactors(priorOf(run.config));
    terminal.line(
      `${folder}: ${run.split(dataset)[split].length} ${split} images of ${dataset.name}${windowsOf(run, dataset)}, on ${backend}`,
    );
    const places = factors.map((factor) => ({ factor, ...knobs }));
    const trained = { prior: priorOf(run.config), knobRanges: knobRanges(run.config.knobs) };
    for (const told of new Set(places.flatMap((place) => outsideTraining(trained, place) ?? [])))
      terminal.line(`note: ${told}`);
    const view = new SweepView(terminal, factors.length, 0);
    const measured = await sweep(run, dataset, {
      places,
      split,
      lambda,
      weightsOf,
      surface: options.surface === undefined ? undefined : { tolerance: options.surface },
      onResult: (result) => view.show(result),
      signal,
    });
    const timed = options.times
      ? await withTimes(run, dataset, measured, { lambda, terminal, signal })
      : undefined;
    const results = timed ?? measured;
    const labelSizes = options.json ? await labelSizesIn(dataset, run.split(dataset)[split]) : {};
    return { run, results, labelSizes, wanted: factors.length };
  } catch (error) {
    run.dispose();
    throw error;
  }
}

async function labelSizesIn(dataset: Dataset, ids: readonly string[]): Promise<Record<string, number>> {
  const counts = dataset.labelNames.map(() => 0);
  for (const id of ids) for (const label of (await dataset.load(id)).labels.values) counts[label]!++;
  return Object.fromEntries(
    dataset.labelNames.slice(1).map((name, i) => [name, counts[i + 1]! / ids.length] as const),
  );
}

/** Each fold, then the mean over all of them, if all are there. */
function formattedFolds(
  all: readonly Evaluated[],
  isComplete: boolean,
  { json, csv, split }: EvaluateOptions,
): string {
  const sourceOf = ({ config }: Run) => {
    const { method, architecture, seed } = config;
    return { method, architecture: architecture.name, seed, split };
  };
  if (csv) {
    const tables = all.map(({ run, results }) => {
      const [head = '', ...rows] = resultsCsv(sourceOf(run), results, { withKnobs: hasKnobs(run) })
        .trimEnd()
        .split('\n');
      const name = /[",]/.test(run.folder) ? `"${run.folder.replaceAll('"', '""')}"` : run.folder;
      return { head: `run,${head}`, rows: rows.map((row) => `${name},${row}`) };
    });
    return [tables[0]?.head ?? '', ...tables.flatMap(({ rows }) => rows)].join('\n');
  }
  const means = isComplete ? foldMeans(all.map(({ results }) => results)) : undefined;
  if (json) {
    const folds = all.map(({ run, results }) => ({ run: run.folder, ...sourceOf(run), results }));
    return JSON.stringify({ folds, ...(means === undefined ? {} : { mean: means }) }, null, 2);
  }
  return [
    ...all.map(({ run, results }) => `${run.folder}\n${resultsTable(results)}\n`),
    ...(means === undefined
      ? []
      : [`mean ± standard deviation over ${all.length} folds\n${foldMeansTable(means)}`]),
  ].join('\n');
}

function formatted(
  { run, results, labelSizes }: Evaluated,
  { split, weightsOf, json, csv }: EvaluateOptions,
): string {
  const { method, architecture, seed } = run.config;
  const source = { method, architecture: architecture.name, seed, split };
  if (csv) return resultsCsv(source, results, { withKnobs: hasKnobs(run) }).trimEnd();
  // JSON has no NaN: an undefined Dice is null.
  if (json) return JSON.stringify({ run: run.folder, ...source, weightsOf, labelSizes, results }, null, 2);
  return resultsTable(results);
}
