// How time and memory of an inference and of a training step grow with pixels, voxels, features and the batch. Writes growth.csv
// and growth.svg, and goes on where it stopped: points that the file has are not measured again (delete it to begin anew).
// `--again` measures all, or the curves named, once more and keeps the lower of what it finds, for machines that are busy. Two
// minutes. `pnpm --dir benchmarks bench:growth [--again] [CURVE…]`
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from '../report/machine.js';
import { curves } from './curves.js';
import { growthPlot } from './plot.js';
import { csvOf, growths, type Point, pointsIn, withPoint } from './points.js';

const here = dirname(fileURLToPath(import.meta.url));
const csv = join(here, 'growth.csv');
const { values: flags, positionals: only } = parseArgs({
  options: { again: { type: 'boolean', default: false } },
  allowPositionals: true,
});
let points: readonly Point[] = pointsIn(await readFile(csv, 'utf8').catch(() => csvOf([])));
console.log(describeMachine());
for (const { name, values } of curves) {
  if (only.length > 0 && !only.includes(name)) continue;
  const isKnown = (value: number) => points.some((point) => point.curve === name && point.value === value);
  const left = flags.again ? values : values.filter((value) => !isKnown(value));
  if (left.length === 0) continue;
  const node = ['--conditions=@sshn/source', '--import', import.meta.resolve('tsx')];
  const child = spawn(process.execPath, [...node, join(here, 'measure.ts'), name, left.join()], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  for await (const text of createInterface({ input: child.stdout })) {
    points = withPoint(points, JSON.parse(text) as Point);
    await writeFile(csv, csvOf(points));
    console.log(text);
  }
  const [code] = await exit;
  if (code !== 0) console.log(`${name} ended with code ${code}; its other points are left out`);
}
await writeFile(join(here, 'growth.svg'), growthPlot(points));
for (const { curve, from, to, time, memory } of growths(points)) {
  console.log(`${curve} ${from} → ${to}: time ^ ${time.toFixed(2)}, memory ^ ${memory.toFixed(2)}`);
}
