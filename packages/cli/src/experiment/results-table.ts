import { parquetWriteBuffer } from 'hyparquet-writer';
import { csvOf, type DoneCell } from './statistics.js';

/** A column of the results of an experiment. */
export interface Column {
  readonly name: string;
  /** As Parquet calls it. */
  readonly type: 'STRING' | 'BOOLEAN' | 'INT32' | 'DOUBLE';
  /** One for each row; null where there is none. */
  readonly values: ReadonlyArray<string | boolean | number | null>;
}

/** All results: a row for each cell and factor, with the values of its grid. */
export function resultsTable(done: readonly DoneCell[]): Column[] {
  const rows = done.flatMap(({ cell, found }) => found.results.map((row) => ({ cell, found, row })));
  type Row = (typeof rows)[number];
  const strings = (name: string, of: (row: Row) => string | undefined): Column => ({
    ...{ name, type: 'STRING', values: rows.map((row) => of(row) ?? null) },
  });
  const numbers = (name: string, of: (row: Row) => number | undefined, type: Column['type'] = 'DOUBLE') => ({
    ...{ name, type, values: rows.map((row) => numberOf(of(row))) },
  });
  const axes = [...new Set(done.flatMap(({ cell }) => Object.keys(cell.axes)))];
  // What only some experiments have.
  const several = new Set(rows.map(({ row }) => row.split)).size > 1;
  const transferred = rows.some(({ row }) => row.weightsOf !== undefined);
  return [
    strings('cell', ({ cell }) => cell.name),
    ...axes.map((axis) =>
      columnOf(
        axis === 'factor' ? 'trainedFactor' : axis,
        rows.map(({ cell }) => cell.axes[axis]),
      ),
    ),
    numbers('factor', ({ row }) => row.factor),
    ...(several ? [strings('split', ({ row }) => row.split)] : []),
    ...(transferred ? [numbers('weightsOf', ({ row }) => row.weightsOf)] : []),
    numbers('dice', ({ row }) => row.dice),
    numbers('images', ({ row }) => row.diceByImage?.length, 'INT32'),
    numbers('gflops', ({ row }) => row.gflops),
    numbers('milliseconds', ({ row }) => row.milliseconds),
    numbers('seconds', ({ found }) => found.seconds),
    numbers('trainingSeconds', ({ found }) => found.trainingSeconds),
    strings('configHash', ({ cell }) => cell.hash),
    strings('version', ({ found }) => found.version),
  ];
}

/** Results as CSV, numbers to six decimals. */
export function experimentCsv(done: readonly DoneCell[]): string {
  const columns = resultsTable(done);
  const rows = (columns[0]?.values ?? []).map((_, row) => columns.map(({ values }) => values[row] ?? ''));
  return csvOf([columns.map(({ name }) => name), ...rows]);
}

/** Results as a Parquet file: the rows and columns of the CSV, with their types and all digits. */
export function experimentParquet(done: readonly DoneCell[]): Uint8Array {
  const columnData = resultsTable(done).map(({ name, type, values }) => ({ name, type, data: [...values] }));
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}

function numberOf(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}

/** Values of a grid, of the narrowest type that holds them all; what is neither text nor number is JSON. */
function columnOf(name: string, given: readonly unknown[]): Column {
  const known = given.filter((value) => value !== undefined);
  const values = given.map((value) => value ?? null) as Array<number | boolean | null>;
  if (known.every((value) => typeof value === 'number'))
    return { name, type: known.every((value) => value === (value | 0)) ? 'INT32' : 'DOUBLE', values };
  if (known.every((value) => typeof value === 'boolean')) return { name, type: 'BOOLEAN', values };
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  return { name, type: 'STRING', values: given.map((value) => (value === undefined ? null : text(value))) };
}
