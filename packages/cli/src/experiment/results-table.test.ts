import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import { planOf } from './plan.js';
import { experimentCsv, experimentParquet } from './results-table.js';
import type { DoneCell } from './statistics.js';
import { doneCells } from './testing/done-cells.js';

/** Made-up results with a value of the grid of each type, and numbers that were not measured. */
function results(): DoneCell[] {
  const [first, second] = doneCells(
    planOf(
      {
        ...{ data: 'phantoms', factors: [0, 0.5], weightsOf: [0.5], split: ['test', 'train'] },
        grid: { seed: [1], 'hypernetwork.hidden': [[4, 8]], 'optimizer.learningRate': [0.01] },
        also: [{ config: { method: 'fixed' }, grid: { seed: [3], factor: [0.5] } }],
      },
      'x.yaml',
      'out',
    ),
  ) as [DoneCell, DoneCell];
  const { trainingSeconds: _, ...found } = second.found;
  const [row, ...rows] = found.results;
  const { diceByImage: __, ...unmeasured } = row!;
  return [
    { ...first, cell: { ...first.cell, axes: { ...first.cell.axes, flipped: true } } },
    { ...second, found: { ...found, results: [{ ...unmeasured, milliseconds: Number.NaN }, ...rows] } },
  ];
}

async function read(bytes: Uint8Array) {
  const file = bytes.slice().buffer;
  const [, ...schema] = parquetMetadata(file).schema;
  const types = schema.map(({ name, type, converted_type: as }) => [name, as ?? type]);
  return { types: Object.fromEntries(types), rows: await parquetReadObjects({ file }) };
}

test('CSV has a row for each cell and factor, and nothing where nothing is known', () => {
  const [head, ...rows] = experimentCsv(results()).trimEnd().split('\n');
  expect(head).toBe(
    'cell,method,seed,hypernetwork.hidden,optimizer.learningRate,flipped,trainedFactor,factor,split,weightsOf,dice,images,gflops,milliseconds,seconds,trainingSeconds,configHash,version',
  );
  expect(rows.length).toBe(8 + 6);
  const [{ cell }] = results() as [DoneCell];
  expect(rows[0]).toBe(`${cell.name},sshn,1,"[4,8]",0.01,true,,0,test,,0.584,4,1,5,90,70,${cell.hash},1`);
  expect(rows[8]).toMatch(/^method=fixed_seed=3_factor=0\.5,fixed,3,,,,0\.5,0\.5,test,,0\.\d+,,1\.75,,90,,/);
});

test('Parquet has the rows and columns of the CSV, with types', async () => {
  const done = results();
  const { types, rows } = await read(experimentParquet(done));
  expect(types).toEqual({
    ...{ cell: 'UTF8', method: 'UTF8', seed: 'INT32', 'hypernetwork.hidden': 'UTF8' },
    ...{ 'optimizer.learningRate': 'DOUBLE', flipped: 'BOOLEAN', trainedFactor: 'DOUBLE', factor: 'DOUBLE' },
    ...{ split: 'UTF8', weightsOf: 'DOUBLE', dice: 'DOUBLE', images: 'INT32', gflops: 'DOUBLE' },
    ...{ milliseconds: 'DOUBLE', seconds: 'DOUBLE', trainingSeconds: 'DOUBLE' },
    ...{ configHash: 'UTF8', version: 'UTF8' },
  });
  const [head, ...lines] = experimentCsv(done).trimEnd().split('\n');
  expect(Object.keys(rows[0]!).join()).toBe(head);
  const cellOf = (value: unknown) =>
    typeof value === 'number' ? Math.round(value * 1e6) / 1e6 : value === '[4,8]' ? '"[4,8]"' : value;
  expect(rows.map((row) => Object.values(row).map(cellOf).join())).toEqual(lines);
  // All digits, where the CSV has six.
  expect(rows[1]!.dice).toBe(done[0]!.found.results[1]!.dice);
  expect(rows[8]).toMatchObject({ milliseconds: null, images: null, flipped: null, trainingSeconds: null });
});

test('an experiment of which nothing is done has a table of no rows', async () => {
  expect(experimentCsv([])).toBe(
    'cell,factor,dice,images,gflops,milliseconds,seconds,trainingSeconds,configHash,version\n',
  );
  expect((await read(experimentParquet([]))).rows).toEqual([]);
});
