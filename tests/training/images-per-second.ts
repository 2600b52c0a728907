// Trains some steps and prints images per second: what the compiled kernels are worth. Arguments: a folder of images, a
// configuration, threads (0 for kernels composed of stock tfjs ones), steps.
//
//   npx tsx --conditions=@sshn/source tests/training/images-per-second.ts DATA experiments/wbc/sshn.json 2 30
import { readFile } from 'node:fs/promises';
import { useFastWasm } from '@sshn/backend-wasm';
import { Rng } from '@sshn/core';
import { splitIds } from '@sshn/data';
import { openFolder } from '@sshn/data/node';
import { parseRunConfig, Trainer } from '@sshn/training';

/** Steps before the clock starts: caches fill and code is compiled. */
const WARM_UP = 5;

const [data, configPath, threads, steps] = process.argv.slice(2);
const config = parseRunConfig(JSON.parse(await readFile(configPath!, 'utf8')), configPath!);
await useFastWasm(threads === '0' ? { native: false } : { threads: Number(threads) });
const dataset = await openFolder(data!, config.size === undefined ? {} : { size: config.size });
const split = splitIds(dataset.ids, Rng.fromSeed(config.seed));
for (const id of split.train) await dataset.load(id);

using trainer = new Trainer({ config, dataset, split });
let done = 0;
let began = 0;
for await (const event of trainer.run()) {
  if (event.kind !== 'step') continue;
  if (done === WARM_UP) began = performance.now();
  if (done === WARM_UP + Number(steps)) break;
  done += 1;
}
const seconds = (performance.now() - began) / 1000;
console.log(`${((Number(steps) * config.batchSize) / seconds).toFixed(2)} images/s`);
