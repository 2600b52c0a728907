import { Rng } from '@sshn/core';
import { bootstrapInterval } from '@sshn/losses';
import type { CellResults, ResultRow } from './cells.js';
import type { Cell, SplitName } from './plan.js';

/** A cell and what it has found. */
export interface DoneCell {
  readonly cell: Cell;
  readonly found: CellResults;
}

/** What one kind of training reaches at one factor, over its seeds. */
export interface GroupPoint {
  readonly factor: number;
  /** Mean Dice over seeds. */
  readonly dice: number;
  /** Standard deviation over seeds; NaN of one. */
  readonly deviation: number;
  readonly seeds: number;
  readonly gflops: number;
  /** Dice of each image and seed, by `SEED/PLACE`: what comparisons pair. */
  readonly images: ReadonlyMap<string, number>;
}

/** Cells that differ in seed and factor of training alone. */
export interface Group {
  readonly name: string;
  readonly members: readonly DoneCell[];
  /** In rising order of factors. */
  readonly points: readonly GroupPoint[];
}

/** Which results of cells to look at. */
export interface Selection {
  /** @default that of the first result */
  readonly split?: SplitName;
  /** Of weights that ran at other factors too: the factor they are of. @default weights of the factor itself */
  readonly weightsOf?: number;
}

/** Puts cells together that differ in their seed, or in the factor that they were trained for, alone. */
export function groupsOf(done: readonly DoneCell[], selection: Selection = {}): Group[] {
  const groups = new Map<string, DoneCell[]>();
  for (const one of done) {
    const name = groupName(one.cell);
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  return [...groups].map(([name, members]) => ({ name, members, points: pointsOf(members, selection) }));
}

/** The name of a cell's group; some axes may be left out, where the figure shows them otherwise. */
export function groupName({ axes }: Cell, without: readonly string[] = []): string {
  const named = Object.entries(axes).filter(([axis]) => !['seed', 'factor', ...without].includes(axis));
  return named.map(([axis, value]) => shown(axis, value)).join(', ');
}

/** The results of a cell that a selection means. */
export function selected({ found }: DoneCell, { split, weightsOf }: Selection): readonly ResultRow[] {
  const wanted = split ?? found.results[0]?.split;
  return found.results.filter((row) => (row.split ?? wanted) === wanted && row.weightsOf === weightsOf);
}

/** 'sshn' of a method, 'epochs 40' of anything else. */
function shown(axis: string, value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return axis === 'method' ? text : `${axis.split('.').at(-1)} ${text}`;
}

function pointsOf(members: readonly DoneCell[], selection: Selection): GroupPoint[] {
  const byFactor = new Map<number, Array<{ seed: number; row: ResultRow }>>();
  for (const one of members) {
    for (const row of selected(one, selection))
      byFactor.set(row.factor, [...(byFactor.get(row.factor) ?? []), { seed: one.cell.full.seed, row }]);
  }
  return [...byFactor]
    .sort(([a], [b]) => a - b)
    .map(([factor, rows]) => {
      const dice = rows.map(({ row }) => row.dice);
      return {
        factor,
        dice: meanOf(dice),
        deviation: deviationOf(dice),
        seeds: dice.length,
        gflops: rows[0]!.row.gflops,
        images: new Map(
          rows.flatMap(({ seed, row }) =>
            (row.diceByImage ?? []).map((value, i) => [`${seed}/${i}`, value] as const),
          ),
        ),
      };
    });
}

/** Two kinds of training at one factor, on the same images and seeds. */
export interface Comparison {
  readonly factor: number;
  readonly first: string;
  readonly second: string;
  /** Mean of first − second over images. */
  readonly difference: number;
  /** Bootstrap interval of it, 95 %. */
  readonly interval: readonly [low: number, high: number];
  /** Of a paired test of "no difference". */
  readonly p: number;
  readonly pairs: number;
}

/** Every pair of groups on the same data at every factor that both have. */
export function comparisonsOf(groups: readonly Group[]): Comparison[] {
  return groups.flatMap((first, i) =>
    groups.slice(i + 1).flatMap((second) => (isOnSameData(first, second) ? compared(first, second) : [])),
  );
}

function isOnSameData({ members: [first] }: Group, { members: [second] }: Group): boolean {
  return first!.cell.data === second!.cell.data;
}

function compared(first: Group, second: Group): Comparison[] {
  return first.points.flatMap((a) => {
    const b = second.points.find(({ factor }) => factor === a.factor);
    if (b === undefined) return [];
    const differences = [...a.images].flatMap(([key, value]) => {
      const difference = value - (b.images.get(key) ?? Number.NaN);
      return Number.isNaN(difference) ? [] : [difference];
    });
    if (differences.length < 2) return [];
    return [
      {
        factor: a.factor,
        first: first.name,
        second: second.name,
        difference: meanOf(differences),
        interval: bootstrapInterval(differences),
        p: pairedTest(differences),
        pairs: differences.length,
      },
    ];
  });
}

/**
 * The two-sided p-value of paired differences by a randomization test: how often their mean is at least as far from 0 when the
 * sign of each is drawn.
 *
 * @param differences At least one, none NaN.
 *
 * *Source*: Fisher, "The design of experiments" (1935), section 21; the count of the data themselves, of Phipson & Smyth (2010).
 */
export function pairedTest(differences: readonly number[], draws = 9999, rng = Rng.fromSeed(0)): number {
  const observed = Math.abs(differences.reduce((sum, value) => sum + value, 0));
  let asFar = 1;
  for (let draw = 0; draw < draws; draw++) {
    let sum = 0;
    for (const value of differences) sum += rng.uniform() < 0.5 ? value : -value;
    // Sums in another order differ by rounding.
    if (Math.abs(sum) >= observed * (1 - 1e-12)) asFar++;
  }
  return asFar / (draws + 1);
}

/** The mean; NaN of none. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The standard deviation of a sample, with n − 1; NaN of fewer than two. */
export function deviationOf(values: readonly number[]): number {
  if (values.length < 2) return Number.NaN;
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** Comparisons as CSV. */
export function comparisonsCsv(all: readonly Comparison[]): string {
  const head = ['first', 'second', 'factor', 'difference', 'low', 'high', 'p', 'pairs'];
  const rows = all.map(({ first, second, factor, difference, interval: [low, high], p, pairs }) => [
    ...[first, second, factor, difference, low, high, p, pairs],
  ]);
  return csvOf([head, ...rows]);
}

/** Rows as CSV, numbers to six decimals. */
export function csvOf(rows: ReadonlyArray<readonly unknown[]>): string {
  return `${rows.map((row) => row.map(csvCell).join(',')).join('\n')}\n`;
}

function csvCell(value: unknown): string {
  if (typeof value === 'number') return Number.isNaN(value) ? '' : String(Math.round(value * 1e6) / 1e6);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
