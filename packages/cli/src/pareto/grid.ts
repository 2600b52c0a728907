import { join } from 'node:path';
import { type Network, setting, ValueError } from '@sshn/core';
import type { Dataset } from '@sshn/data';
import { writeFileAtomic } from '@sshn/model/node';
import { downsamplingSteps, factorGrid, gflopsAt, inputOf } from '@sshn/training';
import { paperPalette, svgFile } from '../plots/draw.js';
import { gridMap, gridPlot } from '../plots/grid-plots.js';
import type { OpenedRun } from '../run/open-run.js';
import { resultsTable } from '../terminal/sweep-view.js';
import { type GridPoint, gridPoints, largestGain } from './grid-points.js';
import { separateResultSchema } from './kept-results.js';
import { type MeasureOptions, measureRun } from './measure.js';
import { resultsCsv } from './results-csv.js';

/** Combinations of separate factors, those that cost the fewest FLOPs first. */
export function byCost(
  model: { readonly network: Network },
  dataset: Pick<Dataset, 'size' | 'channels'>,
  combinations: ReadonlyArray<readonly number[]>,
): Array<readonly number[]> {
  return combinations
    .map((factors) => ({ factors, gflops: gflopsAt(model, dataset, setting(factors)) }))
    .sort((a, b) => a.gflops - b.gflops)
    .map(({ factors }) => factors);
}

/** How to evaluate a grid. */
interface GridOptions
  extends Omit<MeasureOptions<readonly number[]>, 'places' | 'schema' | 'output' | 'batchSize'> {
  /** Of each separate factor. */
  readonly values: readonly number[];
  /** Whether a program reads the output. */
  readonly isJson: boolean;
}

/** Combinations that are evaluated before their results are stored together. */
const batchSize = 16;

/** The longest table of the front on a terminal. */
const rowsShown = 12;

/**
 * Evaluates a run with separate factors at all combinations of some values, the cheapest first, and writes results.csv,
 * grid.json, dice-vs-gflops.svg and dice-map.svg into RUN/pareto/grid.
 *
 * @returns False if it was aborted; results so far are kept.
 * @throws {ValueError} if the run has one common factor.
 *
 * *Source*: the paper, section C.2 and figures 12 and 13.
 */
export async function reportGrid(
  opened: OpenedRun,
  { values, isJson, ...work }: GridOptions,
): Promise<boolean> {
  const { run, dataset } = opened;
  const { method, architecture, seed, rescaling } = run.config;
  if (rescaling === 'common') {
    throw new ValueError({
      where: `--grid: ${run.folder}`,
      got: 'a run with one factor common to all downsampling steps',
      expected: 'separate factors',
      hint: 'Train with --rescaling separate, or leave --grid out.',
    });
  }
  const combinations = byCost(
    run.model,
    inputOf(run.config, dataset),
    factorGrid(values, downsamplingSteps(architecture)),
  );
  const output = join(run.folder, 'pareto', 'grid');
  const measured = await measureRun(opened, {
    ...work,
    places: combinations.map((factor) => ({ factor })),
    schema: separateResultSchema,
    output,
    batchSize,
    turns: 2,
  });
  if (measured === undefined) return false;
  const points = gridPoints(measured.results);
  const source = { method, architecture: architecture.name, seed, split: measured.split };
  const { checkpoint, environment } = measured;
  const files: Readonly<Record<string, string>> = {
    'results.csv': resultsCsv(source, points, { withFront: true }),
    'grid.json': `${JSON.stringify({ format: 'sshn-grid', version: 1, run: run.folder, ...source, values, checkpoint, environment, config: run.config, points }, null, 2)}\n`,
    'dice-vs-gflops.svg': svgFile(gridPlot(points), {
      title: 'Dice against the cost of one forward pass, separate rescaling factors',
      background: paperPalette.background,
    }),
    'dice-map.svg': svgFile(gridMap(points), {
      title: 'Dice by separate rescaling factors',
      background: paperPalette.background,
    }),
  };
  for (const [name, content] of Object.entries(files)) await writeFileAtomic(join(output, name), content);
  if (!isJson) process.stdout.write(`${summary(points)}\n\nresults: ${output}\n`);
  work.print?.({ kind: 'report', folder: output });
  return true;
}

function summary(points: readonly GridPoint[]): string {
  const front = points.filter(({ isOnFront }) => isOnFront);
  const every = Math.max(1, Math.ceil(front.length / rowsShown));
  const shown = front.filter((_, i) => (front.length - 1 - i) % every === 0);
  return [
    `Pareto front: ${front.length} of ${points.length} combinations${every === 1 ? '' : `, every ${every}th shown`}`,
    resultsTable(shown),
    `Largest gain over equal factors that cost no more: ${largestGain(points).toFixed(4)} Dice`,
  ].join('\n');
}
