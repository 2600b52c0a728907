// Trains the network of the quick start and prints its test Dice: whether kernels make a difference. Arguments: threads of the
// compiled kernels, or 0 for kernels composed of stock tfjs ones; and 4 to keep to Winograd's F(4×4, 3×3).
//
//   npx tsx --conditions=@sshn/source tests/training/quick-start-dice.ts 2
import { useFastWasm } from '@sshn/backend-wasm';
import { Rng } from '@sshn/core';
import { cacheDataset, generatePhantoms, splitDataset } from '@sshn/data';
import { evaluateFactor, parseRunConfig, Trainer } from '@sshn/training';

const [threads, tile] = process.argv.slice(2);
await useFastWasm(
  threads === '0' ? { native: false } : { threads: Number(threads), largeTiles: tile !== '4' },
);
const dataset = cacheDataset(generatePhantoms({ kind: 'cells', count: 200, size: [96, 96], seed: 1 }));
// As `scripts/quickstart.mjs` has it.
const config = parseRunConfig(
  { architecture: { features: 16 }, epochs: 30, validation: { every: 30 } },
  'quick start',
);
const split = splitDataset(dataset, Rng.fromSeed(config.seed));

using trainer = new Trainer({ config, dataset, split });
for await (const event of trainer.run())
  if (event.kind === 'epoch') console.error(`epoch ${event.epoch + 1}  loss ${event.loss.toFixed(4)}`);
for (const factor of [0, 0.1, 0.25, 0.5]) {
  const { dice } = await evaluateFactor(trainer.model, trainer.params, dataset, split.test, factor);
  console.log(`φ = ${factor}: Dice ${dice.toFixed(4)}`);
}
process.exit();
