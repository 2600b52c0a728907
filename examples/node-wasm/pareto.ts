// What does the one network reach and cost at each factor? A table, pareto.csv, and pareto.svg to look at.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { useFastWasm } from '@sshn/backend-wasm';
import { paretoFront } from '@sshn/training';
import { evaluateRun, loadRun, readRunFile } from '@sshn/training/node';
import { drawCurve } from './draw-curve.js';
import { openImages } from './images.js';

const { values: options } = parseArgs({
  options: { out: { type: 'string', default: 'run' }, points: { type: 'string', default: '11' } },
});
const points = Number(options.points);
const factors = Array.from({ length: points }, (_, i) => (0.5 * i) / (points - 1));

// 1. The best model of the run, and the images that it was trained on: evaluateRun takes those kept for the test.
await useFastWasm();
const run = await loadRun(options.out);
const { images, size } = (await readRunFile(options.out))!.dataset;
const results = await evaluateRun(run, openImages(images, size[0]!), { factors });

// 2. The Pareto front: factors that no other one beats in both accuracy and cost.
const isOnFront = paretoFront(results.map(({ gflops, dice }) => ({ cost: gflops, value: dice })));

console.log('factor   Dice  GFLOPs    ms');
for (const [i, { factor, dice, gflops, milliseconds }] of results.entries()) {
  const cells = [factor.toFixed(2).padStart(6), dice.toFixed(3).padStart(5), gflops.toFixed(3).padStart(6)];
  const bar = '█'.repeat(Math.round(30 * dice));
  console.log(
    `${cells.join('  ')}  ${milliseconds.toFixed(1).padStart(4)}  ${bar}${isOnFront[i] ? ' front' : ''}`,
  );
}

// 3. The same as files.
const rows = results.map(({ factor, dice, gflops, milliseconds }, i) =>
  [factor, dice, gflops, milliseconds, isOnFront[i]].join(),
);
await writeFile(
  join(options.out, 'pareto.csv'),
  ['factor,dice,gflops,milliseconds,front', ...rows, ''].join('\n'),
);
await writeFile(join(options.out, 'pareto.svg'), drawCurve(results));
console.log(`Written: ${join(options.out, 'pareto.csv')} and pareto.svg`);
run.dispose();
