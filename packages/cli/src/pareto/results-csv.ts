import type { Factor } from '@sshn/core';
import type { FactorResult, RunConfig, SurfaceResult } from '@sshn/training';

/** What a row of a result table is about, besides the factor. */
export interface ResultSource {
  readonly method: RunConfig['method'];
  readonly architecture: string;
  readonly seed: number;
  readonly split: string;
}

/** A result with what else a row may say: whether it is on the Pareto front. */
type ResultRow = FactorResult<Factor> & { readonly isOnFront?: boolean };

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

const surfaceColumns = ['hd95', 'assd', 'surfaceDice'] as const;

/**
 * Results as CSV: a head and one row per setting; an undefined Dice is an empty cell.
 *
 * Separate factors have a column each: factor0, factor1, …
 *
 * Where distances between surfaces were measured, three columns with them follow: hd95, assd, surfaceDice.
 * Results of registration have a further column, `foldedPercent`.
 *
 * @param withFront Whether a last column says which are on the Pareto front. @default false
 * @param withKnobs Whether two columns after the factor say width and resolution. @default false
 * @example
 * resultsCsv({ method: 'sshn', architecture: 'unet', seed: 1, split: 'test' }, results);
 * // method,architecture,factor,seed,split,dice,gflops,milliseconds
 * // sshn,unet,0.25,1,test,0.918,0.612,14.2
 */
export function resultsCsv(
  source: ResultSource,
  results: readonly ResultRow[],
  {
    withFront = false,
    withKnobs = false,
  }: { readonly withFront?: boolean; readonly withKnobs?: boolean } = {},
): string {
  const { method, architecture, seed, split } = source;
  const separate = results.find(({ factor }) => typeof factor !== 'number')?.factor as number[] | undefined;
  const names = separate === undefined ? ['factor'] : separate.map((_, i) => `factor${i}`);
  const withSurface = results.some(({ surface }) => surface !== undefined);
  const withFolds = results.some(({ foldedPercent }) => foldedPercent !== undefined);
  const rows = results.map(
    ({
      factor,
      width = 1,
      resolution = 1,
      dice,
      gflops,
      milliseconds,
      surface,
      foldedPercent = 0,
      isOnFront,
    }) => [
      method,
      architecture,
      ...(typeof factor === 'number' ? names.map(() => factor) : factor),
      ...(withKnobs ? [width, resolution] : []),
      seed,
      split,
      Number.isNaN(dice) ? '' : rounded(dice),
      rounded(gflops),
      Number.isNaN(milliseconds) ? '' : rounded(milliseconds),
      ...(withSurface ? surfaceCells(surface) : []),
      ...(withFolds ? [rounded(foldedPercent)] : []),
      ...(withFront ? [isOnFront === true ? 'front' : ''] : []),
    ],
  );
  const columns = resultColumns.flatMap((column) =>
    column === 'factor' ? [...names, ...(withKnobs ? ['width', 'resolution'] : [])] : [column],
  );
  const head = [
    ...columns,
    ...(withSurface ? surfaceColumns : []),
    ...(withFolds ? ['foldedPercent'] : []),
    ...(withFront ? ['pareto'] : []),
  ];
  return `${[head, ...rows].map((cells) => cells.join(',')).join('\n')}\n`;
}

function surfaceCells(surface: SurfaceResult | undefined): Array<number | ''> {
  const { hausdorff95, averageDistance, surfaceDice } = surface ?? {};
  return [hausdorff95, averageDistance, surfaceDice].map((value) =>
    value === undefined || Number.isNaN(value) ? '' : rounded(value),
  );
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
