import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ValueError } from '@sshn/core';
import { writeFileAtomic } from '@sshn/model/node';
import { type Command, Option } from 'commander';
import { settleHash, stateOf } from '../experiment/cells.js';
import { choose } from '../experiment/choice.js';
import { runFromQueue } from '../experiment/engines/bullmq.js';
import { runLocally } from '../experiment/engines/local.js';
import { Progress, sentenceOf } from '../experiment/engines/progress.js';
import { submitToSlurm } from '../experiment/engines/slurm.js';
import { placeOf, settleIn } from '../experiment/place.js';
import { figureKinds, type Plan, readPlan } from '../experiment/plan.js';
import { presetFile, presetOf, presets } from '../experiment/presets.js';
import { figuresOf } from '../experiment/report/figures.js';
import { comparisonsIn, experimentPage, type ShownCell } from '../experiment/report/page.js';
import { experimentCsv, experimentParquet } from '../experiment/results-table.js';
import { comparisonsCsv } from '../experiment/statistics.js';
import { type TimeLeft, timeLeftOf } from '../experiment/time-left.js';
import { paperPalette, svgFile } from '../plots/draw.js';
import { codeVersion } from '../process/code-version.js';
import { listenForInterruption } from '../process/exit.js';
import { exitCodes } from '../program-help.js';
import type { MemoryFlags } from '../run/memory.js';
import { terminalOn } from '../terminal/terminal.js';
import { commandText, formatDuration, textTable } from '../terminal/text.js';
import { addMemoryOptions, readerOf } from './options.js';

const experimentHelp = {
  description: `Train and evaluate a grid of configurations, and compare them.

FILE (YAML or JSON) declares the grid:

  name: methods
  data: ../cells                  # a folder, relative to FILE, or phantoms:cells:200
  config: { size: [64, 64], epochs: 40 }    # what all share: any key of sshn train --config
  grid: { method: [sshn, stochastic, film], seed: [1, 2, 3] }
  factors: [0, 0.1, 0.25, 0.5]    # where each is evaluated
  also:                           # further grids: what is different in them
    - config: { method: fixed }
      grid: { factor: [0.1, 0.25, 0.5], seed: [1, 2, 3] }

A grid may also have factor (trains at this one) and priorWidth (r of U(0.5 − r, 0.5 + r)). Further keys: split (test, or a list), weightsOf (factors whose weights are run at all factors), combinations (of separate factors), figures (${figureKinds.join(', ')}), panels (a key of the grid), choose (a key such as optimizer.learningRate: reports show the value that is best on validation images, for each kind of training).

Every combination is a cell with a folder of its own in OUT/cells. run trains what is not done, and may be killed at any moment and \
called again: it goes on from the last checkpoints to the same weights. Several may work in one folder, on this machine or on others \
that share it; each cell is trained by one. A cell that fails does not stop the others; the next run tries it again.`,
  examples: `
Examples:
  $ sshn experiment preset                                  # the paper's tables and figures
  $ sshn experiment preset wbc-table1 > wbc.yaml
  $ sshn experiment run methods.yaml -o runs/methods --jobs 2
  $ sshn experiment status runs/methods
  $ sshn experiment report runs/methods    # results.csv and .parquet, plots, report.html`,
};

interface Flags extends MemoryFlags {
  readonly engine?: 'local' | 'bullmq' | 'slurm';
  readonly slurm?: string;
  readonly cell?: string;
  readonly isWorker?: boolean;
  readonly redis?: string;
  readonly lease: number;
  readonly out?: string;
  readonly jobs?: number;
  readonly threads: number;
  readonly json?: boolean;
}

const count = { kind: 'number', integer: true, least: 1, most: 64 } as const;

/** `sshn experiment`: a declared grid of trainings. */
export function addExperimentCommand(program: Command, finish: (exitCode: number) => void): void {
  const command = program
    .command('experiment')
    .summary('train, evaluate and compare a grid of configurations')
    .description(experimentHelp.description)
    .addHelpText('after', experimentHelp.examples);
  const add = (name: string, summary: string) =>
    command
      .command(name)
      .summary(summary)
      .description(`${summary[0]!.toUpperCase()}${summary.slice(1)}. See sshn experiment --help.`)
      .argument('<experiment>', 'its file, YAML or JSON, or the folder where it was run')
      .option('-o, --out <folder>', 'where it is kept (default: runs/, and the name of the file)');
  const addWork = (name: string, summary: string) =>
    addMemoryOptions(add(name, summary), 'images/ in the folder of the experiment, for all its cells')
      .option('--jobs <count>', 'cells at a time (default: one per core and thread)', readerOf(count))
      .option('--threads <count>', 'of wasm, for each cell', readerOf(count), 1)
      .option('--redis <url>', 'of --engine bullmq: where Redis is, such as redis://host:6379')
      .option(
        '--lease <seconds>',
        'of --engine bullmq: a worker not heard of for so long is dead, and others take its cells over',
        readerOf({ kind: 'number', least: 1 }),
        30,
      );
  const engine = new Option(
    '--engine <name>',
    'what gives out the cells: this process, a queue in Redis, or a job array of Slurm',
  );
  addWork('run', 'train and evaluate what is not done')
    .addOption(engine.choices(['local', 'bullmq', 'slurm']).default('local'))
    .option(
      '--slurm <options>',
      "of --engine slurm: further options of sbatch, such as '--partition=gpu --time=8:00:00'",
    )
    .action(async (file: string, flags: Flags) => finish(await run(file, flags)));
  addWork('work', 'take cells of --engine bullmq too, on this machine; or one cell, as a task of Slurm does')
    .option('--cell <name>', 'this cell alone, which nobody else has')
    .action(async (file: string, flags: Flags) => {
      const engine = flags.cell === undefined ? 'bullmq' : 'local';
      finish(await run(file, { ...flags, engine, isWorker: true }));
    });
  add('status', 'say what is done, running and failed, and how long the rest takes')
    .option('--json', 'print it as JSON')
    .action(async (file: string, flags: Flags) => finish(await status(file, flags)));
  command
    .command('preset')
    .summary('print an experiment of the paper, or list them')
    .description(
      'Prints an experiment that reproduces tables or figures of the paper, to run on data that you have: see sshn data --help.',
    )
    .argument('[name]', 'which; without it, all are listed')
    .option('--data <folder>', 'the images, relative to the file (default: where sshn data puts them)')
    .action((name: string | undefined, { data }: { readonly data?: string }) => {
      const rows = presets.map((one) => [one.name, one.reproduces, one.summary]);
      process.stdout.write(
        name === undefined
          ? `${rows.map(([word, source, summary]) => `${word}\n    ${source}: ${summary}`).join('\n')}\n`
          : presetFile(presetOf(name), data),
      );
      finish(exitCodes.ok);
    });
  add('report', 'write results.csv, results.parquet, plots and report.html').action(
    async (file: string, flags: Flags) => finish(await report(file, flags)),
  );
}

/** @throws {ValueError} unless it is an address of Redis. */
function requireRedis(redis: string | undefined): string {
  if (redis !== undefined && URL.canParse(redis) && /^rediss?:/.test(redis)) return redis;
  throw new ValueError({
    where: '--redis',
    got: redis,
    expected: 'the address of Redis for --engine bullmq, such as redis://host:6379',
  });
}

/** The plan with one of its cells alone. @throws {ValueError} if it has none of this name. */
function withCell(plan: Plan, name: string): Plan {
  const cells = plan.cells.filter((cell) => cell.name === name);
  if (cells.length === 1) return { ...plan, cells };
  throw new ValueError({
    where: '--cell',
    got: name,
    expected: 'the name of a cell of the experiment: sshn experiment status lists them',
  });
}

/** Submits what is not done as a job array, and says how to follow it. */
async function submit(named: string, flags: Flags): Promise<number> {
  const place = await placeOf(named, flags.out);
  const { file, out } = place;
  const plan = await readPlan(file, out);
  await settleIn(place);
  const { jobs, threads, slurm } = flags;
  const { job, cells } = await submitToSlurm(plan, {
    ...{ file, out, threads, keep: flags },
    ...(jobs === undefined ? {} : { jobs }),
    ...(slurm === undefined ? {} : { options: slurm }),
  });
  const words = (name: string) => commandText(['experiment', name, named], { out: flags.out });
  process.stdout.write(
    job === undefined
      ? `All ${plan.cells.length} cells are done. Report with: ${words('report')}\n`
      : `Job ${job}: ${cells} of ${plan.cells.length} cells. Follow it with: ${words('status')}\nReport with: ${words('report')}\n`,
  );
  return exitCodes.ok;
}

async function run(named: string, flags: Flags): Promise<number> {
  if (flags.engine === 'slurm') return submit(named, flags);
  const place = await placeOf(named, flags.out);
  const { file, out } = place;
  const whole = await readPlan(file, out);
  const plan = flags.cell === undefined ? whole : withCell(whole, flags.cell);
  const terminal = terminalOn(process.stdout);
  const jobs = flags.jobs ?? Math.max(1, Math.floor(availableParallelism() / flags.threads));
  const interruption = listenForInterruption(() => {
    terminal.clear();
    terminal.line('stopping after these steps, with checkpoints; Ctrl-C again stops at once');
  });
  try {
    await settleIn(place);
    const progress = new Progress(terminal, plan.cells.length);
    const { threads, memory, cache, engine, redis, lease, isWorker = false } = flags;
    const images = cache ?? join(out, 'images');
    const keep = { cache: images, ...(memory === undefined ? {} : { memory }) };
    const version = codeVersion();
    const options = { jobs, threads, keep, version, progress, signal: interruption.signal };
    if (engine === 'bullmq') await runFromQueue(plan, { ...options, lease, redis: requireRedis(redis) });
    else await runLocally(plan, { ...options, isOurs: flags.cell !== undefined });
    terminal.clear();
    // Of several processes the one that was started with `run` reports.
    if (!isWorker) await writeReport(plan, out);
    const done = (await shownCells(plan)).filter(({ state }) => state.kind === 'done').length;
    terminal.line(`${done} of ${plan.cells.length} done${isWorker ? '' : `; ${join(out, 'report.html')}`}`);
    if (interruption.signal.aborted) {
      const words = ['experiment', isWorker ? 'work' : 'run', named];
      terminal.line(
        `Go on with: ${commandText(words, {
          out: flags.out,
          jobs: flags.jobs,
          threads: threads === 1 ? undefined : threads,
          ...{ memory, cache },
          ...(engine === 'bullmq' ? { engine: isWorker ? undefined : engine, redis, lease } : {}),
        })}`,
      );
      return interruption.exitCode();
    }
    return progress.failed > 0 ? exitCodes.failure : exitCodes.ok;
  } finally {
    terminal.clear();
    interruption.dispose();
  }
}

async function shownCells(plan: Plan): Promise<ShownCell[]> {
  return Promise.all(plan.cells.map(async (cell) => ({ cell, state: await stateOf(cell) })));
}

async function status(named: string, flags: Flags): Promise<number> {
  const { file, out } = await placeOf(named, flags.out);
  const plan = await readPlan(file, out);
  const cells = await shownCells(plan);
  const left = timeLeftOf(cells.map(({ state }) => state));
  if (flags.json) {
    const rows = cells.map(({ cell, state }) => ({ cell: cell.name, folder: cell.folder, ...state }));
    const all = { cells: rows, secondsLeft: left === undefined ? 0 : (left.seconds ?? null) };
    process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
    return exitCodes.ok;
  }
  const of = (kind: ShownCell['state']['kind']) => cells.filter(({ state }) => state.kind === kind).length;
  const kinds = (['done', 'running', 'interrupted', 'failed', 'waiting'] as const).filter(
    (kind) => of(kind) > 0,
  );
  const rows = cells.map(({ cell, state }) => [cell.name, sentenceOf(cell, state)]);
  const summary = kinds.map((kind) => `${of(kind)} ${kind}`).join(', ');
  process.stdout.write(`${textTable(['cell', 'state'], rows)}\n${summary}${leftText(left)}\n`);
  return exitCodes.ok;
}

/** '; about 3 min left' after how many cells are done. */
function leftText(left: TimeLeft | undefined): string {
  if (left === undefined) return '';
  if (left.seconds === undefined) return '; time left unknown until a cell is done';
  const pace = left.atATime === 1 ? ', one cell at a time' : `, ${left.atATime} cells at a time`;
  return `; about ${formatDuration(left.seconds)} left${pace}`;
}

async function report(named: string, flags: Flags): Promise<number> {
  const place = await placeOf(named, flags.out);
  const { file, out } = place;
  const plan = await readPlan(file, out);
  await settleIn(place);
  await writeReport(plan, out);
  process.stdout.write(`${join(out, 'report.html')}\n`);
  return exitCodes.ok;
}

async function writeReport(plan: Plan, out: string): Promise<void> {
  await Promise.all(plan.cells.map(settleHash));
  const cells = await shownCells(plan);
  const done = cells.flatMap(({ cell, state }) =>
    state.kind === 'done' ? [{ cell, found: state.results }] : [],
  );
  await writeFileAtomic(join(out, 'results.csv'), experimentCsv(done));
  await writeFileAtomic(join(out, 'results.parquet'), experimentParquet(done));
  const shown = choose(plan, done).cells;
  await writeFileAtomic(join(out, 'comparisons.csv'), comparisonsCsv(comparisonsIn(plan, shown)));
  for (const { name, title, drawing } of figuresOf(plan, shown, paperPalette)) {
    const svg = svgFile(drawing, { title: `${plan.name}: ${title}`, background: paperPalette.background });
    await writeFileAtomic(join(out, `${name}.svg`), svg);
  }
  await writeFileAtomic(join(out, 'report.html'), experimentPage(plan, cells, codeVersion()));
}
