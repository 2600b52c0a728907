import type { Factor } from '@sshn/core';
import { type FactorResult, priorOf } from '@sshn/training';
import type { Run } from '@sshn/training/node';
import { type Command, Option } from 'commander';
import { parseFactor } from '../config/values.js';
import { telltaleFactors } from '../pareto/factors.js';
import { sweep, withTimes } from '../pareto/measure.js';
import { resultsCsv } from '../pareto/results-csv.js';
import { type ComputingFlags, startBackend } from '../process/backend.js';
import { exitCodes, listenForInterruption } from '../process/exit.js';
import { openRun } from '../run/open-run.js';
import { resultsTable, SweepView } from '../terminal/sweep-view.js';
import { terminalOn } from '../terminal/terminal.js';
import {
  addComputingOptions,
  addSplitOption,
  argument,
  factorsType,
  factorText,
  factorType,
  readerOf,
  type SplitName,
  toleranceType,
} from './options.js';

const evaluateHelp = {
  description: `Evaluate the best model of a run at some rescaling factors: Dice per label, GFLOPs and milliseconds.

Dice is 2·overlap / (prediction + truth), per image and label, then averaged over foreground labels and images. A label \
that is absent from both has none: such undefined cases are left out of the mean, and counted. GFLOPs and milliseconds \
are of one forward pass on one image. --surface adds distances between the surfaces of predicted and true labels: a label \
that only one of them has counts as far apart as the corners of the image.

${factorText}`,
  examples: `
Examples:
  $ sshn evaluate runs/cells
  $ sshn evaluate runs/cells --factors 0,0.1,0.25,0.5 --split validation
  $ sshn evaluate runs/cells-separate --factor 0.3,0.4,0.5
  $ sshn evaluate runs/brains --surface 2 --csv
  $ sshn evaluate runs/cells --json | jq '.results[].dice'`,
};

interface EvaluateOptions extends ComputingFlags {
  readonly factors?: number[];
  readonly factor?: number | number[];
  readonly split: SplitName;
  readonly data?: string;
  readonly surface?: number;
  readonly lambda?: number;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** `sshn evaluate`: Dice, FLOPs and time of a trained run at a few factors. */
export function addEvaluateCommand(program: Command, finish: (exitCode: number) => void): void {
  const command = program
    .command('evaluate')
    .summary('measure a trained network at some rescaling factors')
    .description(evaluateHelp.description)
    .argument('<run>', 'run folder of sshn train')
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
    .option('--json', 'print the results as JSON')
    .addOption(new Option('--csv', 'print the results as CSV, the columns of pareto.csv').conflicts('json'))
    .addHelpText('after', evaluateHelp.examples);
  addComputingOptions(addSplitOption(command));
  command.action(async (folder: string, options: EvaluateOptions) => finish(await evaluate(folder, options)));
}

async function evaluate(folder: string, options: EvaluateOptions): Promise<number> {
  const terminal = terminalOn(process.stderr);
  const { description: backend } = await startBackend(options, 'inference');
  const { run, dataset } = await openRun(folder, options.data, 'evaluate');
  const { split } = options;
  const one = options.factor === undefined ? undefined : [options.factor];
  const factors: readonly Factor[] = one ?? options.factors ?? telltaleFactors(priorOf(run.config));
  terminal.line(
    `${folder}: ${run.split(dataset)[split].length} ${split} images of ${dataset.name}, on ${backend}`,
  );
  const interruption = listenForInterruption(() => {
    terminal.clear();
    terminal.line('stopping after this factor; Ctrl-C again stops at once');
  });
  const view = new SweepView(terminal, factors.length, 0);
  try {
    const { signal } = interruption;
    const measured = await sweep(run, dataset, {
      factors,
      split,
      lambda: options.lambda,
      surface: options.surface === undefined ? undefined : { tolerance: options.surface },
      onResult: (result) => view.show(result),
      signal,
    });
    const { lambda } = options;
    const results = (await withTimes(run, dataset, measured, { lambda, terminal, signal })) ?? measured;
    terminal.clear();
    process.stdout.write(`${formatted(run, split, results, options)}\n`);
    return results.length < factors.length ? interruption.exitCode() : exitCodes.ok;
  } finally {
    terminal.clear();
    interruption.dispose();
    run.dispose();
  }
}

function formatted(
  { folder, config }: Run,
  split: SplitName,
  results: ReadonlyArray<FactorResult<Factor>>,
  { json, csv }: EvaluateOptions,
): string {
  const { method, architecture, seed } = config;
  const source = { method, architecture: architecture.name, seed, split };
  if (csv) return resultsCsv(source, results).trimEnd();
  // JSON has no NaN: an undefined Dice is null.
  if (json) return JSON.stringify({ run: folder, ...source, results }, null, 2);
  return resultsTable(results);
}
