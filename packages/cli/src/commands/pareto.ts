import { join } from 'node:path';
import type { NamedSetting } from '@sshn/model';
import { updateManifest } from '@sshn/model/node';
import type { FactorResult } from '@sshn/training';
import { type Command, Option } from 'commander';
import { type Comparable, compareReports, readReport } from '../pareto/compare.js';
import { type CurvePoint, cheapestWithin } from '../pareto/curve.js';
import { alignExamples, overlayFactors, predictOverlays, spread } from '../pareto/examples.js';
import { factorRange, factorValues } from '../pareto/factors.js';
import { findFront, hasKnobs, onValidation } from '../pareto/front.js';
import { reportGrid } from '../pareto/grid.js';
import { resultSchema } from '../pareto/kept-results.js';
import { identify, type MeasureOptions, measureRun } from '../pareto/measure.js';
import { makeReport } from '../pareto/report-data.js';
import { fewOf, fitSureness } from '../pareto/sureness.js';
import { type ComputingFlags, startBackend } from '../process/backend.js';
import { listenForInterruption } from '../process/exit.js';
import { exitCodes, factorHelp } from '../program-help.js';
import { type PageOptions, writeReport } from '../report/page.js';
import type { MemoryFlags } from '../run/memory.js';
import { type OpenedRun, openRun } from '../run/open-run.js';
import { resultsTable } from '../terminal/sweep-view.js';
import { terminalOn } from '../terminal/terminal.js';
import { commandText, jsonLine } from '../terminal/text.js';
import {
  addComputingOptions,
  addMemoryOptions,
  addSplitOption,
  countType,
  factorType,
  gridType,
  readerOf,
  type SplitName,
  settingsType,
  stepType,
} from './options.js';

const paretoHelp = {
  description: `Evaluate a run at many rescaling factors and draw its accuracy-cost curve, with the Pareto front marked.

${factorHelp} A factor is on the Pareto front if no other reaches as much Dice with as few FLOPs.

The model file gets the curve with its Dice on validation images, where the run has some, so that --dice and other budgets of sshn predict and \
sshn export have not seen what is reported.

Writes into RUN/pareto: pareto.csv, pareto.json, dice-vs-factor.svg, dice-vs-gflops.svg, and report.html, a page of its \
own with plots, table, a slider over φ, and predictions on images. Interrupted, the same command goes on; factors \
evaluated before are not evaluated again while weights, data and machine are the same.

Of a run trained with --width-range or --resolution-range the front over all its knobs is looked for first, on validation images and \
without the full grid: a coarse one, the cheapest setting first, then finer around the front, at most --settings in all. The front is \
measured on the images of --split, shown beside φ alone, and stored in the model file with its Dice on validation images, so \
that --gflops, --milliseconds, --mebibytes and --dice of sshn predict and sshn export choose from it.

Of a network that segments it also learns, on the validation images, how good an answer is from how far a few of its settings \
agree, stores that in the model file, and reports on the images of --split how well it holds: sureness.csv, cascade.csv, cascade.svg, and \
a section of the page.

Of a run with separate factors this is the curve of equal ones; --grid 11 evaluates all combinations of 11 values each, \
the cheapest first, and writes results.csv (one column per factor), grid.json, dice-vs-gflops.svg and dice-map.svg into RUN/pareto/grid.`,
  examples: `
Examples:
  $ sshn pareto runs/cells
  $ sshn pareto runs/cells --from 0.05 --to 0.5 --by 0.05 --images 8
  $ sshn pareto runs/cells-separate --grid 11 --to 1
  $ sshn pareto runs/cells --compare runs/fixed-0.25 runs/fixed-0.5`,
};

interface ParetoOptions extends ComputingFlags, MemoryFlags {
  readonly from: number;
  readonly to: number;
  readonly by: number;
  readonly grid?: number;
  readonly settings: number;
  readonly split: SplitName;
  readonly images: number;
  readonly compare: readonly string[];
  readonly data?: string;
  readonly fresh?: boolean;
  readonly json?: boolean;
}

/** `sshn pareto`: the whole accuracy–cost curve of a run, with a report. */
export function addParetoCommand(program: Command, finish: (exitCode: number) => void): void {
  const command = program
    .command('pareto')
    .summary('draw the accuracy-cost curve of a trained network')
    .description(paretoHelp.description)
    .argument('<run>', 'run folder of sshn train')
    .option('--from <factor>', 'smallest rescaling factor, in [0, 1]', readerOf(factorType), 0)
    .option('--to <factor>', 'largest rescaling factor, in [0, 1]', readerOf(factorType), 0.5)
    .option('--by <step>', 'step between factors', readerOf(stepType), 0.01)
    .addOption(
      new Option(
        '--grid <count>',
        'of a run with separate factors: evaluate all combinations of so many values each, from --from to --to',
      )
        .argParser(readerOf(gridType))
        .conflicts(['by', 'images', 'compare']),
    )
    .addOption(
      new Option(
        '--settings <count>',
        'of a run with a range of widths or resolutions: settings that the search for its front evaluates at most',
      )
        .argParser(readerOf(settingsType))
        .default(100),
    )
    .option('--images <count>', 'images whose predictions are shown', readerOf(countType), 4)
    .option('--data <folder>', 'where the images are now, if they have moved since training')
    .option(
      '--json',
      'print one JSON object per line instead of the table: each accuracy as it comes, all results, the files',
    )
    .option('--fresh', 'evaluate all factors anew, even those known already')
    .addOption(
      new Option(
        '--compare <runs...>',
        'draw other runs too, evaluated with sshn pareto before; of runs at one factor, that point',
      ).default([], 'none'),
    )
    .addHelpText('after', paretoHelp.examples);
  addComputingOptions(addMemoryOptions(addSplitOption(command)));
  command.action(async (folder: string, options: ParetoOptions) => finish(await pareto(folder, options)));
}

async function pareto(folder: string, options: ParetoOptions): Promise<number> {
  const terminal = terminalOn(process.stderr);
  const factors = factorRange(options.from, options.to, options.by);
  const others = await Promise.all(options.compare.map(readReport));
  const backend = await startBackend(options, 'inference');
  const opened = await openRun(folder, options.data, 'pareto', options);
  const interruption = listenForInterruption(() => {
    terminal.clear();
    terminal.line('stopping after this factor; Ctrl-C again stops at once');
  });
  try {
    const { split, fresh, grid } = options;
    const print = (line: object): void => {
      if (options.json === true) process.stdout.write(`${jsonLine(line)}\n`);
    };
    const signal = interruption.signal;
    const work = { split, fresh: fresh === true, backend, terminal, signal, print };
    const isDone =
      grid === undefined
        ? await reportCurve(
            opened,
            factors,
            { images: options.images, most: options.settings, others, isJson: options.json === true },
            work,
          )
        : await reportGrid(opened, {
            ...work,
            isJson: options.json === true,
            values: factorValues(options.from, options.to, grid),
          });
    if (isDone) return exitCodes.ok;
    terminal.line(`interrupted; results so far are kept. Go on with: ${again(folder, options)}`);
    return interruption.exitCode();
  } finally {
    terminal.clear();
    interruption.dispose();
    opened.run.dispose();
  }
}

/** The command that goes on; with --fresh it would begin again, and what is by default is not said. */
function again(folder: string, options: ParetoOptions): string {
  const { from, to, by, grid, settings, split, images, compare, data, backend, threads, json } = options;
  const unlike = <Value>(value: Value, usual: Value): Value | undefined =>
    value === usual ? undefined : value;
  return commandText(['pareto', folder], {
    from: unlike(from, 0),
    to: unlike(to, 0.5),
    by: grid === undefined ? unlike(by, 0.01) : undefined,
    grid,
    split: unlike(split, 'test'),
    settings: unlike(settings, 100),
    images: unlike(images, 4),
    data,
    backend: unlike(backend, 'wasm'),
    threads,
    json,
    compare: compare.length === 0 ? undefined : compare,
  });
}

/** Evaluates the curve of one factor for all downsampling steps and writes its report; false if it was aborted. */
async function reportCurve(
  opened: OpenedRun,
  factors: readonly number[],
  {
    images,
    most,
    others,
    isJson,
  }: {
    readonly images: number;
    /** Settings that the search for a front evaluates at most. */
    readonly most: number;
    readonly others: readonly Comparable[];
    readonly isJson: boolean;
  },
  work: Omit<MeasureOptions<number>, 'places' | 'schema' | 'output'> & { print: (line: object) => void },
): Promise<boolean> {
  const { run } = opened;
  const output = join(run.folder, 'pareto');
  const found = hasKnobs(run) ? await findFront(opened, { ...work, output, most }) : [];
  if (found === undefined) return false;
  const curve = factors.map((factor) => ({ factor }));
  const places = [...curve, ...found.map(placeOf)];
  const measured = await measureRun(opened, { ...work, places, schema: resultSchema, output });
  if (measured === undefined) return false;
  const results = measured.results.slice(0, curve.length);
  const front = measured.results.slice(curve.length);
  // What decides about settings is their Dice on validation images, not on those that are reported.
  const decisive =
    front.length > 0
      ? withTimesOf(found, front)
      : await decisiveCurve(opened, factors, results, { ...work, output });
  if (decisive === undefined) return false;
  if (decisive.length > 0) await storeTable(opened, decisive);
  const checkpoint = await identify(join(run.folder, 'best.safetensors'));
  const sureness = await fitSureness(opened, {
    split: work.split,
    candidates: front.length > 0 ? decisive : fewOf(run, decisive),
    measured: front.length > 0 ? front : results,
    signal: work.signal,
  });
  if (work.signal.aborted) return false;
  const report = makeReport(opened, { ...measured, results, front, sureness, checkpoint });
  const examples = await examplesShown(opened, work.split, images, overlayFactors(factors));
  const page = await writeReport(output, report, {
    curves: compareReports([report, ...others]),
    ...examples,
  });
  if (!isJson)
    process.stdout.write(
      `${resultsTable(front.length > 0 ? front : telling(report.points))}\n\nreport: ${page}\n`,
    );
  work.print({ kind: 'report', folder: output, page });
  return true;
}

/**
 * The curve of one factor on validation images, with the times measured on others. Of a run that has no such image, the curve of the test
 * images; none where the training images were measured. Undefined if it was aborted.
 */
async function decisiveCurve(
  opened: OpenedRun,
  factors: readonly number[],
  measured: readonly FactorResult[],
  work: Parameters<typeof onValidation>[2] & { readonly split: SplitName },
): Promise<readonly FactorResult[] | undefined> {
  if (work.split === 'validation') return measured;
  const validated = await onValidation(opened, factors, work);
  if (validated === undefined) return undefined;
  if (validated.length > 0) return withTimesOf(validated, measured);
  return work.split === 'test' ? measured : [];
}

/** Only what names a setting. */
function placeOf({ factor, width, resolution }: FactorResult): NamedSetting<number> {
  return {
    factor,
    ...(width === undefined ? {} : { width }),
    ...(resolution === undefined ? {} : { resolution }),
  };
}

/** Accuracies on validation images, with the times that were measured at the same settings. */
function withTimesOf(found: readonly FactorResult[], timed: readonly FactorResult[]): FactorResult[] {
  return found.map((result, i) => ({ ...result, milliseconds: timed[i]!.milliseconds }));
}

/**
 * Writes settings into the model file, so that a program can choose one by it: see `pick` of @sshn/model. Not if a training has
 * replaced the weights meanwhile.
 */
async function storeTable({ run, weights }: OpenedRun, results: readonly FactorResult[]): Promise<void> {
  const accuracyCost = results.flatMap((result) => {
    const { dice, gflops, milliseconds } = result;
    return Number.isNaN(dice) ? [] : [{ ...placeOf(result), dice, gflops, milliseconds }];
  });
  const path = join(run.folder, 'best.safetensors');
  await updateManifest(path, (manifest) => ({ ...manifest, accuracyCost }), { weights });
}

/** What the report shows of single images: labels over them, or pairs that are aligned. */
async function examplesShown(
  { run, dataset }: OpenedRun,
  split: SplitName,
  count: number,
  factors: readonly number[],
): Promise<Pick<PageOptions, 'overlays' | 'alignments'>> {
  if (run.config.task === 'registration') {
    return { overlays: [], alignments: await alignExamples(run, dataset, { split, count }, factors) };
  }
  const shown = spread(run.split(dataset)[split], count);
  return { overlays: await predictOverlays(run, dataset, shown, factors) };
}

/** The points that say most about a curve: where predictions are shown, the best, and the cheapest nearly as good. */
function telling(points: readonly CurvePoint[]): CurvePoint[] {
  const shown = overlayFactors(points.map(({ factor }) => factor));
  const picked = [cheapestWithin(points, 0), cheapestWithin(points, 0.01)];
  return points.filter((point) => shown.includes(point.factor) || picked.includes(point));
}
