import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { compareReports, readReport } from '../pareto/compare.js';
import { type CurvePoint, cheapestWithin } from '../pareto/curve.js';
import { factorRange } from '../pareto/factors.js';
import { identify } from '../pareto/identify.js';
import { KeptResults } from '../pareto/kept-results.js';
import { type Measurements, makeReport } from '../pareto/make-report.js';
import { overlayFactors, predictOverlays, spread } from '../pareto/predict-overlays.js';
import { sweep } from '../pareto/sweep.js';
import { writeReport } from '../pareto/write-report.js';
import { startBackend } from '../process/backend.js';
import { environment, machine } from '../process/diagnostics.js';
import { exitCodes } from '../process/exit-codes.js';
import { listenForInterruption } from '../process/interruption.js';
import { type OpenedRun, openRun } from '../run/open-run.js';
import { resultsTable } from '../terminal/results-table.js';
import { SweepView } from '../terminal/sweep-view.js';
import { type Terminal, terminalOn } from '../terminal/terminal.js';
import { shellQuoted } from '../text/shell-quoted.js';
import { paretoHelp } from './help.js';
import {
  addSplitOption,
  addThreadsOption,
  countType,
  factorType,
  readerOf,
  type SplitName,
  stepType,
} from './options.js';

interface ParetoOptions {
  readonly threads?: number;
  readonly from: number;
  readonly to: number;
  readonly by: number;
  readonly split: SplitName;
  readonly images: number;
  readonly compare: readonly string[];
  readonly data?: string;
  readonly fresh?: boolean;
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
    .option('--images <count>', 'images whose predictions are shown', readerOf(countType), 4)
    .option('--data <folder>', 'where the images are now, if they have moved since training')
    .option('--fresh', 'evaluate all factors anew, even those known already')
    .addOption(
      new Option(
        '--compare <runs...>',
        'draw other runs too, evaluated with sshn pareto before; of runs at one factor, that point',
      ).default([], 'none'),
    )
    .addHelpText('after', paretoHelp.examples);
  addThreadsOption(addSplitOption(command));
  command.action(async (folder: string, options: ParetoOptions) => finish(await pareto(folder, options)));
}

async function pareto(folder: string, options: ParetoOptions): Promise<number> {
  const terminal = terminalOn(process.stderr);
  const factors = factorRange(options.from, options.to, options.by);
  const others = await Promise.all(options.compare.map(readReport));
  const backend = await startBackend(options.threads);
  const opened = await openRun(folder, options.data);
  const interruption = listenForInterruption(() => {
    terminal.clear();
    terminal.line('stopping after this factor; Ctrl-C again stops at once');
  });
  try {
    const results = await evaluateAll(
      opened,
      { folder, factors, backend, options, terminal },
      interruption.signal,
    );
    if (results === undefined) {
      terminal.line(`interrupted; results so far are kept. Go on with: sshn pareto ${shellQuoted(folder)}`);
      return interruption.exitCode();
    }
    const report = makeReport(opened, results);
    const ids = opened.run.split(opened.dataset)[options.split];
    const images = spread(ids, options.images);
    const page = await writeReport(join(folder, 'pareto'), report, {
      curves: compareReports([report, ...others]),
      overlays: await predictOverlays(opened.run, opened.dataset, images, overlayFactors(factors)),
    });
    process.stdout.write(`${resultsTable(telling(report.points))}\n\nreport: ${page}\n`);
    return exitCodes.ok;
  } finally {
    terminal.clear();
    interruption.dispose();
    opened.run.dispose();
  }
}

/** Evaluates what is not known yet; undefined if it was aborted. */
async function evaluateAll(
  { run, dataset, data }: OpenedRun,
  work: {
    readonly folder: string;
    readonly factors: readonly number[];
    readonly backend: string;
    readonly options: ParetoOptions;
    readonly terminal: Terminal;
  },
  signal: AbortSignal,
): Promise<Measurements | undefined> {
  const { folder, factors, backend, options, terminal } = work;
  const { split } = options;
  const output = join(folder, 'pareto');
  await mkdir(output, { recursive: true });
  const checkpoint = await identify(join(folder, 'best.safetensors'));
  const key = [checkpoint.sha256, data.path, split, backend, machine()].join('\n');
  const keptIn = join(output, 'evaluated.json');
  const kept = options.fresh ? KeptResults.empty(keptIn, key) : await KeptResults.open(keptIn, key);
  const known = factors.filter((factor) => kept.get(factor) !== undefined).length;
  const images = run.split(dataset)[split].length;
  terminal.line(
    `${folder}: ${factors.length} factors on ${images} ${split} images of ${dataset.name}, ${backend}`,
  );
  const view = new SweepView(terminal, factors.length, known);
  const results = await sweep(run, dataset, {
    factors,
    split,
    known: (factor) => kept.get(factor),
    onResult: async (result) => {
      await kept.keep([result]);
      view.show(result);
    },
    signal,
  });
  terminal.clear();
  return results.length < factors.length
    ? undefined
    : { split, results, checkpoint, environment: environment(backend) };
}

/** The points that say most about a curve: where predictions are shown, the best, and the cheapest nearly as good. */
function telling(points: readonly CurvePoint[]): CurvePoint[] {
  const shown = overlayFactors(points.map(({ factor }) => factor));
  const picked = [cheapestWithin(points, 0), cheapestWithin(points, 0.01)];
  return points.filter((point) => shown.includes(point.factor) || picked.includes(point));
}
