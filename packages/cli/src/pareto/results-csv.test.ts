import { expect, it } from 'vitest';
import { result } from '../testing/report.js';
import { resultsCsv } from './results-csv.js';

it('writes the columns that result tables of all runs have', () => {
  const source = { method: 'sshn', architecture: 'unet', seed: 1, split: 'test' } as const;
  const results = [
    result({ factor: 0, dice: 0.72345678, gflops: 0.3, milliseconds: 4.5 }),
    result({ factor: 0.07, dice: Number.NaN, gflops: 1 / 3 }),
  ];
  expect(resultsCsv(source, results)).toBe(
    [
      'method,architecture,factor,seed,split,dice,gflops,milliseconds',
      'sshn,unet,0,1,test,0.723457,0.3,4.5',
      'sshn,unet,0.07,1,test,,0.333333,12',
      '',
    ].join('\n'),
  );
});

it('gives separate factors a column each, and says what is on the front', () => {
  const source = { method: 'sshn', architecture: 'unet', seed: 1, split: 'test' } as const;
  const parts = { dice: 0.5, gflops: 0.3, milliseconds: 4 };
  const rows = [
    { ...result(parts), factor: [0.1, 0.2], isOnFront: true },
    { ...result(parts), factor: [0.3, 0.4], isOnFront: false },
  ];
  expect(resultsCsv(source, rows, { withFront: true })).toBe(
    [
      'method,architecture,factor0,factor1,seed,split,dice,gflops,milliseconds,pareto',
      'sshn,unet,0.1,0.2,1,test,0.5,0.3,4,front',
      'sshn,unet,0.3,0.4,1,test,0.5,0.3,4,',
      '',
    ].join('\n'),
  );
});

it('adds distances between surfaces where they were measured', () => {
  const source = { method: 'sshn', architecture: 'unet', seed: 1, split: 'test' } as const;
  const parts = { factor: 0.25, dice: 0.5, gflops: 0.3, milliseconds: 4 };
  const distances = { hausdorff95: 3.25, averageDistance: Number.NaN, surfaceDice: 0.75 };
  const surface = { unit: 'mm', tolerance: 1, oneEmptyCases: 0, ...distances } as const;
  expect(resultsCsv(source, [result({ ...parts, surface })])).toBe(
    [
      'method,architecture,factor,seed,split,dice,gflops,milliseconds,hd95,assd,surfaceDice',
      'sshn,unet,0.25,1,test,0.5,0.3,4,3.25,,0.75',
      '',
    ].join('\n'),
  );
});
