// Offers a service twice the requests at each step, with a latency target and without: what it holds, and what that costs in
// Dice. About four minutes. `pnpm --dir benchmarks bench:serve [--write] [--seconds 12] [--target 200] [--rates 4,8,16]`
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { generatePhantoms } from '@sshn/data';
import { encode } from 'fast-png';
import { busyProcessors, describeMachine } from '../report/machine.js';
import { offer, type Step } from './load.js';
import { loadPlot } from './plot.js';
import { resultsText, withResults } from './results.js';

const here = dirname(fileURLToPath(import.meta.url));
const repository = join(here, '../..');
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '12' },
    target: { type: 'string', default: '200' },
    write: { type: 'boolean', default: false },
    rates: { type: 'string', default: '4,8,16,32,64,128' },
  },
});
const seconds = Number(values.seconds);
const target = Number(values.target);
const rates = values.rates.split(',').map(Number);

/** Starts the command, from the sources, with a small model that is included. */
async function startService(flags: readonly string[]) {
  const main = join(repository, 'packages/cli/src/main.ts');
  const node = ['--conditions=@sshn/source', '--import', import.meta.resolve('tsx'), main];
  const args = [...node, 'serve', 'ultrasound', '--port', '0', '--workers', '2', '--log', 'error', ...flags];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  for await (const chunk of child.stderr.iterator({ destroyOnReturn: false })) {
    text += chunk;
    const address = / at (http:\S+)/.exec(text)?.[1];
    if (address === undefined) continue;
    const isReady = async () =>
      ((await (await fetch(`${address}/readyz`)).json()) as { status: string }).status === 'ready';
    while (!(await isReady())) await new Promise((resolve) => setTimeout(resolve, 200));
    const end = async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    };
    return { address, end };
  }
  throw new Error(`The service did not start: ${text}`);
}

const phantoms = generatePhantoms({ kind: 'blobs', count: 1, size: [256, 256], seed: 1 });
const { image } = await phantoms.load(phantoms.ids[0]!);
const grey = Uint8Array.from({ length: 256 * 256 }, (_, i) =>
  Math.round(255 * image.values[i * image.channels]!),
);
const body = Buffer.from(encode({ width: 256, height: 256, channels: 1, depth: 8, data: grey }));

const others = await busyProcessors(2000);
const series: { name: string; steps: Step[] }[] = [];
for (const [name, flags] of [
  [`--target-p95 ${target}`, ['--target-p95', String(target)]],
  ['no target', []],
] as const) {
  const service = await startService(flags);
  try {
    const pareto = (await (await fetch(`${service.address}/pareto`)).json()) as {
      points: { factor: number; dice: number }[];
    };
    const diceOf = (factor: number) =>
      pareto.points.reduce((best, point) =>
        Math.abs(point.factor - factor) < Math.abs(best.factor - factor) ? point : best,
      ).dice;
    // Compiles and fills caches.
    await offer({ address: service.address, body, rate: 4, seconds: 3, diceOf });
    const steps: Step[] = [];
    for (const rate of rates) {
      steps.push(await offer({ address: service.address, body, rate, seconds, diceOf }));
      console.log(name, JSON.stringify(steps.at(-1)));
    }
    series.push({ name, steps });
  } finally {
    await service.end();
  }
}
const measured = resultsText(series, {
  machine: describeMachine(),
  othersBusy: others,
  seconds,
  date: new Date().toISOString().slice(0, 10),
});
console.log(measured);
if (values.write) {
  await writeFile(join(here, 'load.svg'), loadPlot(series, target));
  const readme = join(here, 'README.md');
  await writeFile(readme, withResults(await readFile(readme, 'utf8'), measured));
}
