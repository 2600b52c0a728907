import { createHash } from 'node:crypto';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { ConfigError, FileError } from '@sshn/core';
import { parseRunConfig, type RunConfig, type RunConfigInput } from '@sshn/training';
import { z } from 'zod';
import { readPlainFile, withValue } from '../config/file.js';

const json = z.json();
const factor = z.number().min(0).max(1);
const gridSchema = {
  /** A folder of images, or phantoms; relative to the file. */
  data: z.string().min(1).optional(),
  /** What all cells of the grid share: a configuration as `sshn train --config` takes it. */
  config: z.record(z.string(), json).default({}),
  /** Paths of the configuration, such as `method` or `optimizer.learningRate`, and the values that each takes in turn. */
  grid: z.record(z.string(), z.array(json).min(1)).default({}),
  /** Where each cell is evaluated. A network for one factor is evaluated there. */
  factors: z.array(factor).min(1).optional(),
};
const planSchema = z.strictObject({
  name: z.string().min(1).optional(),
  ...gridSchema,
  split: z.enum(['validation', 'test']).default('test'),
  /** Further grids: each says what is different from the first. */
  also: z.array(z.strictObject(gridSchema)).default([]),
});

/** One training of an experiment, and its evaluation. */
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
  readonly factors: readonly number[];
  /** Of data, configuration and factors: results of another plan are not taken for those of this one. */
  readonly hash: string;
}

/** A declared experiment. */
export interface Plan {
  readonly name: string;
  readonly split: 'validation' | 'test';
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
  const parsed = planSchema.safeParse(await readPlainFile(path));
  if (!parsed.success) throw new ConfigError(path, parsed.error.issues);
  const { name = basename(path, extname(path)), split, also, ...first } = parsed.data;
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
  const cells = grids.flatMap((grid) => cellsOf(grid, path, out, split));
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
  return { name, split, cells };
}

type Grid = z.infer<z.ZodObject<typeof gridSchema>>;

function cellsOf(grid: Grid, path: string, out: string, split: string): Cell[] {
  let combinations: ReadonlyArray<Readonly<Record<string, unknown>>> = [{}];
  for (const [axis, values] of Object.entries(grid.grid))
    combinations = combinations.flatMap((some) => values.map((value) => ({ ...some, [axis]: value })));
  return combinations.map((own) => {
    const axes = { method: grid.config.method ?? 'sshn', ...own };
    const name = cellName(axes);
    let config = grid.config as RunConfigInput;
    for (const [axis, value] of Object.entries(own)) {
      if (axis === 'data') continue;
      config =
        axis === 'factor'
          ? withValue(config, ['prior'], { kind: 'constant', factor: value })
          : withValue(config, axis.split('.'), value);
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
    const { prior } = full;
    const factors =
      prior?.kind === 'constant' && typeof prior.factor === 'number'
        ? [prior.factor]
        : (grid.factors ?? usualFactors);
    const hash = createHash('sha256')
      .update(JSON.stringify({ data, full, factors, split }))
      .digest('hex')
      .slice(0, 16);
    return { name, folder: join(out, 'cells', name), data: place, config, full, axes, factors, hash };
  });
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
