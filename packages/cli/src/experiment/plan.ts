import { createHash } from 'node:crypto';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { ConfigError, FileError } from '@sshn/core';
import { parseRunConfig, type RunConfig, type RunConfigInput } from '@sshn/training';
import { z } from 'zod';
import { readPlainFile, withValue } from '../config/file.js';

const json = z.json();
const factor = z.number().min(0).max(1);
const splitName = z.enum(['train', 'validation', 'test']);

/** What a report can draw: each is a kind of figure of the paper. */
export const figureKinds = [
  'dice',
  'learning',
  'structures',
  'trainingTime',
  'priorWidth',
  'transfer',
  'separateFactors',
] as const;
export type FigureKind = (typeof figureKinds)[number];

const gridSchema = {
  /** A folder of images, or phantoms; relative to the file. */
  data: z.string().min(1).optional(),
  /** What all cells of the grid share: a configuration as `sshn train --config` takes it. */
  config: z.record(z.string(), json).default({}),
  /**
   * Paths of the configuration, such as `method` or `optimizer.learningRate`, and the values that each takes in turn; or `data`,
   * `factor` (trains at this one), `priorWidth` (r of U(0.5 − r, 0.5 + r)).
   */
  grid: z.record(z.string(), z.array(json).min(1)).default({}),
  /** Where each cell is evaluated. A network for one factor is evaluated there. */
  factors: z.array(factor).min(1).optional(),
  /** Factors whose weights are run at all `factors` too, those of a network for one factor included. */
  weightsOf: z.array(factor).optional(),
  /** Of networks with separate factors: all combinations of so many values each. */
  combinations: z
    .strictObject({
      values: z.int().min(2).max(101),
      from: factor.default(0),
      to: factor.default(0.5),
    })
    .optional(),
};
const planSchema = z.strictObject({
  name: z.string().min(1).optional(),
  /** What it is, for the head of the report. */
  description: z.string().optional(),
  ...gridSchema,
  /** Which images are evaluated; the first of several is what tables and comparisons show. */
  split: z.union([splitName, z.array(splitName).min(1)]).default('test'),
  figures: z.array(z.enum(figureKinds)).default(['dice']),
  /** A key of the grids: curves are drawn in a panel for each of its values. */
  panels: z.string().optional(),
  /** A key of the grids, such as `optimizer.learningRate`: of its values, reports show the one best on validation images. */
  choose: z.string().optional(),
  /** Further grids: each says what is different from the first. */
  also: z.array(z.strictObject(gridSchema)).default([]),
});

/** A part of a dataset. */
export type SplitName = z.infer<typeof splitName>;

/** What is measured of a trained network. */
export type Evaluation =
  | {
      readonly kind: 'factors';
      readonly split: SplitName;
      readonly factors: readonly number[];
      /** The factor whose weights run at all of them. */
      readonly weightsOf?: number;
    }
  | {
      readonly kind: 'combinations';
      readonly split: SplitName;
      readonly values: number;
      readonly from: number;
      readonly to: number;
    };

/** One training of an experiment, and its evaluations. */
export interface Cell {
  /** Unique in its experiment; the name of its folder. */
  readonly name: string;
  /** Where it is or will be: config.json, log.txt, run/, results.json. */
  readonly folder: string;
  readonly data: string;
  readonly config: RunConfigInput;
  /** The configuration with all defaults. */
  readonly full: RunConfig;
  /** What sets it apart from the other cells: its method, and the values of its grid. */
  readonly axes: Readonly<Record<string, unknown>>;
  /** In the order in which they are made; the first is what tables show. */
  readonly evaluations: readonly Evaluation[];
  /**
   * Of data, configuration and evaluations as they are declared: results of another plan are not taken for those of this one, and
   * a release with other defaults finds its own.
   */
  readonly hash: string;
  /** What older releases wrote in its place: of the configuration with all defaults. */
  readonly formerHash: string;
}

/** A declared experiment. */
export interface Plan {
  readonly name: string;
  readonly description: string | undefined;
  readonly splits: readonly SplitName[];
  readonly figures: readonly FigureKind[];
  readonly panels: string | undefined;
  readonly choose: string | undefined;
  readonly cells: readonly Cell[];
}

const usualFactors = [0, 0.1, 0.2, 0.3, 0.4, 0.5];
const mostCells = 10_000;

/**
 * Reads an experiment: grids of configurations, every combination of which is trained and evaluated.
 *
 * @param out The folder of the experiment's results.
 * @throws {FileError} if it cannot be read, or has too many cells or two that are the same.
 * @throws {ConfigError} naming every wrong key, of the file or of a cell's configuration.
 */
export async function readPlan(path: string, out: string): Promise<Plan> {
  return planOf(await readPlainFile(path), path, out);
}

/** The experiment that a file's content declares; see `readPlan`. */
export function planOf(content: object, path: string, out: string): Plan {
  const parsed = planSchema.safeParse(content);
  if (!parsed.success) throw new ConfigError(path, parsed.error.issues);
  const {
    name = basename(path, extname(path)),
    description,
    split,
    figures,
    panels,
    choose,
    also,
    ...first
  } = parsed.data;
  const splits = [split].flat();
  if (choose !== undefined && ![first, ...also].some(({ grid }) => choose in (grid ?? {})))
    throw new FileError({
      path,
      problem: `chooses ${choose}, which no grid has`,
      remedy: 'Name a key of grid, such as optimizer.learningRate.',
    });
  const grids = [
    first,
    ...also.map((more) => ({ ...first, ...more, config: { ...first.config, ...more.config } })),
  ];
  const wanted = grids.reduce(
    (sum, { grid }) => sum + Object.values(grid).reduce((product, values) => product * values.length, 1),
    0,
  );
  if (wanted > mostCells)
    throw new FileError({ path, problem: `has ${wanted} cells`, remedy: `Leave at most ${mostCells}.` });
  const cells = grids.flatMap((grid) => cellsOf(grid, path, out, splits));
  const names = new Map<string, Cell>();
  for (const cell of cells) {
    if (names.has(cell.name))
      throw new FileError({
        path,
        problem: `has the cell ${cell.name} twice`,
        remedy: 'Name what sets the two apart in their grids.',
      });
    names.set(cell.name, cell);
  }
  return { name, description, splits, figures, panels, choose, cells };
}

type Grid = z.infer<z.ZodObject<typeof gridSchema>>;

function cellsOf(grid: Grid, path: string, out: string, splits: readonly SplitName[]): Cell[] {
  let choices: ReadonlyArray<Readonly<Record<string, unknown>>> = [{}];
  for (const [axis, values] of Object.entries(grid.grid))
    choices = choices.flatMap((some) => values.map((value) => ({ ...some, [axis]: value })));
  return choices.map((own) => {
    const axes = { method: grid.config.method ?? 'sshn', ...own };
    const name = cellName(axes);
    let config = grid.config as RunConfigInput;
    for (const [axis, value] of Object.entries(own)) {
      if (axis !== 'data') config = withAxis(config, axis, value, path);
    }
    const full = parseRunConfig(config, `${path}: ${name}`);
    const data = (own.data as string | undefined) ?? grid.data;
    if (typeof data !== 'string')
      throw new FileError({
        path,
        problem: 'names no data',
        remedy: 'Give data: FOLDER, or data: phantoms.',
      });
    const place = /^phantoms(:|$)/.test(data) ? data : resolve(dirname(path), data);
    const { factors, ...measured } = evaluationsOf(grid, full, splits);
    const hash = hashOf(sorted({ data, config, evaluations: measured.evaluations }));
    // A plan of one split without more was hashed as it always had been.
    const usual = splits.length === 1 && measured.evaluations.length === 1;
    const what = { data, full, factors, split: splits.length === 1 ? splits[0] : splits };
    const formerHash = hashOf(usual ? what : { ...what, ...measured });
    const placed = withSplitFrom(dirname(path), config);
    return {
      name,
      folder: join(out, 'cells', name),
      data: place,
      config: placed,
      full: parseRunConfig(placed, path),
      axes,
      hash,
      formerHash,
      ...measured,
    };
  });
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

/** The same value with all keys in one order: which of them a grid names, or an override, does not matter. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, one]) => [key, sorted(one)]));
}

/** The file of a split is relative to that of the experiment, as the data are. */
function withSplitFrom(folder: string, config: RunConfigInput): RunConfigInput {
  const { split } = config;
  if (split?.kind !== 'file' || typeof split.path !== 'string') return config;
  return withValue(config, ['split', 'path'], resolve(folder, split.path));
}

function withAxis(config: RunConfigInput, axis: string, value: unknown, path: string): RunConfigInput {
  if (axis === 'factor') return withValue(config, ['prior'], { kind: 'constant', factor: value });
  if (axis !== 'priorWidth') return withValue(config, axis.split('.'), value);
  if (typeof value !== 'number' || !(value >= 0 && value <= 0.5))
    throw new FileError({
      path,
      problem: `has the priorWidth ${JSON.stringify(value)}`,
      remedy: 'Give r of U(0.5 − r, 0.5 + r), from 0 to 0.5.',
    });
  const prior =
    value === 0
      ? { kind: 'constant', factor: 0.5 }
      : { kind: 'uniform', low: 0.5 - value, high: 0.5 + value };
  return withValue(config, ['prior'], prior);
}

/** What is measured of a cell, and the factors that it is measured at. */
function evaluationsOf(
  { factors: given = usualFactors, weightsOf = [], combinations }: Grid,
  { prior, rescaling }: RunConfig,
  splits: readonly SplitName[],
): { readonly factors: readonly number[]; readonly evaluations: readonly Evaluation[] } {
  const only = prior?.kind === 'constant' && typeof prior.factor === 'number' ? [prior.factor] : undefined;
  const factors = only ?? given;
  // The weights of a network for one factor are the same at all.
  const transferred = weightsOf.length === 0 ? [] : (only ?? weightsOf);
  return {
    factors,
    evaluations: splits.flatMap((split): Evaluation[] => [
      { kind: 'factors', split, factors },
      ...transferred.map((own): Evaluation => ({ kind: 'factors', split, factors: given, weightsOf: own })),
      ...(combinations !== undefined && rescaling === 'separate'
        ? [{ kind: 'combinations' as const, split, ...combinations }]
        : []),
    ]),
  };
}

/** 'method=sshn_seed=1'; long or odd values by a digest of theirs. */
function cellName(axes: Readonly<Record<string, unknown>>): string {
  const words = Object.entries(axes).map(([axis, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const isPlain = /^[A-Za-z0-9.+-]{1,24}$/.test(text) && !/^\.+$/.test(text);
    const shown = isPlain ? text : createHash('sha256').update(text).digest('hex').slice(0, 8);
    return `${axis
      .split('.')
      .at(-1)!
      .replace(/[^A-Za-z0-9]/g, '-')}=${shown}`;
  });
  return words.join('_');
}
