import type { FactorResult, RunConfig } from '@sshn/training';

/** What a row of a result table is about, besides the factor. */
export interface ResultSource {
  readonly method: RunConfig['method'];
  readonly architecture: string;
  readonly seed: number;
  readonly split: string;
}

/** The columns of result tables, in order; tables of several runs can be put one below the other. */
export const resultColumns = [
  'method',
  'architecture',
  'factor',
  'seed',
  'split',
  'dice',
  'gflops',
  'milliseconds',
] as const;

/**
 * Results as CSV: a head and one row per factor; an undefined Dice is an empty cell.
 *
 * @example
 * resultsCsv({ method: 'sshn', architecture: 'unet', seed: 1, split: 'test' }, results);
 * // method,architecture,factor,seed,split,dice,gflops,milliseconds
 * // sshn,unet,0.25,1,test,0.918,0.612,14.2
 */
export function resultsCsv(source: ResultSource, results: readonly FactorResult[]): string {
  const { method, architecture, seed, split } = source;
  const rows = results.map(({ factor, dice, gflops, milliseconds }) => [
    method,
    architecture,
    factor,
    seed,
    split,
    Number.isNaN(dice) ? '' : rounded(dice),
    rounded(gflops),
    rounded(milliseconds),
  ]);
  return `${[resultColumns, ...rows].map((cells) => cells.join(',')).join('\n')}\n`;
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
