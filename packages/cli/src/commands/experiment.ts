import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, extname, join } from 'node:path';
import { writeFileAtomic } from '@sshn/model/node';
import type { Command } from 'commander';
import { runCell, stateOf } from '../experiment/cells.js';
import { type Cell, figureKinds, type Plan, readPlan } from '../experiment/plan.js';
import { presetFile, presetOf, presets } from '../experiment/presets.js';
import { figuresOf } from '../experiment/report/figures.js';
import { comparisonsIn, experimentPage, type ShownCell } from '../experiment/report/page.js';
import { comparisonsCsv, experimentCsv } from '../experiment/statistics.js';
import { paperPalette, svgFile } from '../plots/draw.js';
import { version } from '../process/environment.js';
import { listenForInterruption } from '../process/exit.js';
import { exitCodes } from '../program-help.js';
import { type Terminal, terminalOn } from '../terminal/terminal.js';
import { commandText, formatDuration, textTable } from '../terminal/text.js';
import { readerOf } from './options.js';

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

A grid may also have factor (trains at this one) and priorWidth (r of U(0.5 − r, 0.5 + r)). Further keys: split (test, or a list), weightsOf (factors whose weights are run at all factors), combinations (of separate factors), figures (${figureKinds.join(', ')}), panels (a key of the grid).

Every combination is a cell with a folder of its own in OUT/cells. run trains what is not done, and may be killed at any moment and \
called again: it goes on from the last checkpoints to the same weights. Several may work in one folder, on this machine or on others \
that share it; each cell is trained by one. A cell that fails does not stop the others; the next run tries it again.`,
  examples: `
Examples:
  $ sshn experiment preset                                  # the paper's tables and figures
  $ sshn experiment preset wbc-table1 > wbc.yaml
  $ sshn experiment run methods.yaml -o runs/methods --jobs 2
  $ sshn experiment status methods.yaml -o runs/methods
  $ sshn experiment report methods.yaml -o runs/methods    # results.csv, plots, report.html`,
};

interface Flags {
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
      .argument('<file>', 'the experiment: YAML or JSON')
      .option('-o, --out <folder>', 'where it is kept (default: runs/, and the name of the file)');
  add('run', 'train and evaluate what is not done')
    .option('--jobs <count>', 'cells at a time (default: one per core and thread)', readerOf(count))
    .option('--threads <count>', 'of wasm, for each cell', readerOf(count), 1)
    .action(async (file: string, flags: Flags) => finish(await run(file, flags)));
  add('status', 'say what is done, running and failed')
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
  add('report', 'write results.csv, plots and report.html').action(async (file: string, flags: Flags) =>
    finish(await report(file, flags)),
  );
}

function folderOf(file: string, { out }: Flags): string {
  return out ?? join('runs', basename(file, extname(file)));
}

async function run(file: string, flags: Flags): Promise<number> {
  const out = folderOf(file, flags);
  const plan = await readPlan(file, out);
  const terminal = terminalOn(process.stdout);
  const jobs = flags.jobs ?? Math.max(1, Math.floor(availableParallelism() / flags.threads));
  const interruption = listenForInterruption(() => {
    terminal.clear();
    terminal.line('stopping after these steps, with checkpoints; Ctrl-C again stops at once');
  });
  try {
    await mkdir(out, { recursive: true });
    const ends = await runAll(plan, { ...flags, jobs }, terminal, interruption.signal);
    terminal.clear();
    await writeReport(plan, out);
    terminal.line(`${ends.done} of ${plan.cells.length} done; ${join(out, 'report.html')}`);
    if (interruption.signal.aborted) {
      terminal.line(
        `Go on with: ${commandText(['experiment', 'run', file], { out: flags.out, jobs: flags.jobs })}`,
      );
      return interruption.exitCode();
    }
    return ends.failed > 0 ? exitCodes.failure : exitCodes.ok;
  } finally {
    terminal.clear();
    interruption.dispose();
  }
}

/** Runs cells, some at a time, in the order of the plan. */
async function runAll(
  plan: Plan,
  { jobs, threads }: { readonly jobs: number; readonly threads: number },
  terminal: Terminal,
  signal: AbortSignal,
): Promise<{ readonly done: number; readonly failed: number }> {
  const waiting = [...plan.cells];
  const running = new Map<string, { readonly cell: Cell; epoch: number }>();
  const counts = { done: 0, failed: 0, trained: 0 };
  const began = performance.now();
  const show = (): void => {
    const left = waiting.length + running.size;
    const seconds = ((performance.now() - began) / 1000 / Math.max(1, counts.trained)) * left;
    const time = counts.trained > 0 ? `, about ${formatDuration(seconds)} left` : '';
    const lines = [...running.values()].map(
      ({ cell, epoch }) => `  ${cell.name}  epoch ${epoch}/${cell.full.epochs}`,
    );
    terminal.live([`${counts.done} of ${plan.cells.length} done${time}`, ...lines].join('\n'));
  };
  const work = async (): Promise<void> => {
    for (let cell = waiting.shift(); cell !== undefined && !signal.aborted; cell = waiting.shift()) {
      const { name } = cell;
      const entry = { cell, epoch: 0 };
      const isDone = (await stateOf(cell)).kind === 'done';
      running.set(name, entry);
      show();
      const onEpoch = (epoch: number): void => {
        entry.epoch = epoch;
        show();
      };
      const end = await runCell(cell, { threads, version, signal, onEpoch });
      running.delete(name);
      if (end === 'done') counts.done++;
      if (end === 'failed') counts.failed++;
      if (end !== 'interrupted' && !isDone) {
        counts.trained++;
        const state = await stateOf(cell);
        terminal.clear();
        terminal.line(`${name}  ${sentenceOf(cell, state, end === 'taken')}`);
      }
      show();
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return counts;
}

function sentenceOf({ full }: Cell, state: ShownCell['state'], isTaken = false): string {
  if (state.kind === 'failed') return `failed: ${state.message}`;
  if (isTaken) return 'is worked on by another process';
  if (state.kind === 'done') {
    const [first] = state.results.results;
    const own = state.results.results.filter(
      (row) => row.split === first?.split && row.weightsOf === undefined,
    );
    return `Dice ${own.map(({ factor, dice }) => `φ ${factor}: ${dice.toFixed(3)}`).join(', ')}`;
  }
  return 'epoch' in state ? `${state.kind}, epoch ${state.epoch} of ${full.epochs}` : state.kind;
}

async function shownCells(plan: Plan): Promise<ShownCell[]> {
  return Promise.all(plan.cells.map(async (cell) => ({ cell, state: await stateOf(cell) })));
}

async function status(file: string, flags: Flags): Promise<number> {
  const plan = await readPlan(file, folderOf(file, flags));
  const cells = await shownCells(plan);
  if (flags.json) {
    const rows = cells.map(({ cell, state }) => ({ cell: cell.name, folder: cell.folder, ...state }));
    process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
    return exitCodes.ok;
  }
  const of = (kind: ShownCell['state']['kind']) => cells.filter(({ state }) => state.kind === kind).length;
  const kinds = (['done', 'running', 'interrupted', 'failed', 'waiting'] as const).filter(
    (kind) => of(kind) > 0,
  );
  const rows = cells.map(({ cell, state }) => [cell.name, sentenceOf(cell, state)]);
  process.stdout.write(
    `${textTable(['cell', 'state'], rows)}\n${kinds.map((kind) => `${of(kind)} ${kind}`).join(', ')}\n`,
  );
  return exitCodes.ok;
}

async function report(file: string, flags: Flags): Promise<number> {
  const out = folderOf(file, flags);
  const plan = await readPlan(file, out);
  if (!existsSync(out)) await mkdir(out, { recursive: true });
  await writeReport(plan, out);
  process.stdout.write(`${join(out, 'report.html')}\n`);
  return exitCodes.ok;
}

async function writeReport(plan: Plan, out: string): Promise<void> {
  const cells = await shownCells(plan);
  const done = cells.flatMap(({ cell, state }) =>
    state.kind === 'done' ? [{ cell, found: state.results }] : [],
  );
  await writeFileAtomic(join(out, 'results.csv'), experimentCsv(done));
  await writeFileAtomic(join(out, 'comparisons.csv'), comparisonsCsv(comparisonsIn(plan, done)));
  for (const { name, title, drawing } of figuresOf(plan, done, paperPalette)) {
    const svg = svgFile(drawing, { title: `${plan.name}: ${title}`, background: paperPalette.background });
    await writeFileAtomic(join(out, `${name}.svg`), svg);
  }
  await writeFileAtomic(join(out, 'report.html'), experimentPage(plan, cells, version));
}
