import { parseArgs } from 'node:util';
import { useFastWasm } from '@sshn/backend-wasm';
import { Rng } from '@sshn/core';
import { cacheDataset, generatePhantoms, splitIds } from '@sshn/data';
import { evaluateFactor, parseRunConfig, Trainer } from '@sshn/training';

const { values: options } = parseArgs({
  options: {
    images: { type: 'string', default: '100' },
    size: { type: 'string', default: '64' },
    features: { type: 'string', default: '12' },
    epochs: { type: 'string', default: '40' },
  },
});

// 1. A backend that can train, and is fast at it.
const { threads } = await useFastWasm();
console.log(`Training on ${threads} ${threads === 1 ? 'thread' : 'threads'}.`);

// 2. Images with labels, in three parts: to train on, to watch, and to judge by.
const size = Number(options.size);
const dataset = cacheDataset(
  generatePhantoms({ kind: 'cells', count: Number(options.images), size: [size, size], seed: 1 }),
);
const split = splitIds(dataset.ids, Rng.fromSeed(1));

// 3. What to train: a hypernetwork that predicts a U-Net's weights from the factor, drawn anew in every step.
const config = parseRunConfig(
  {
    method: 'sshn',
    prior: { kind: 'uniform', low: 0, high: 0.5 },
    architecture: { features: Number(options.features) },
    optimizer: { learningRate: 3e-3 },
    epochs: Number(options.epochs),
    validation: { every: Math.max(1, Math.floor(Number(options.epochs) / 8)) },
  },
  'train.ts',
);

// 4. Train, and listen.
using trainer = new Trainer({ config, dataset, split });
for await (const event of trainer.run()) {
  if (event.kind !== 'epoch' || event.validation === undefined) continue;
  const dice = event.validation.map((point) => point.dice.toFixed(3)).join(', ');
  console.log(`epoch ${event.epoch}/${event.epochs}  loss ${event.loss.toFixed(3)}  validation Dice ${dice}`);
}

// 5. One network, every factor: what does each reach, and what does it cost?
console.log('factor   Dice  GFLOPs    ms');
for (const factor of [0, 0.1, 0.2, 0.3, 0.4, 0.5]) {
  const result = await evaluateFactor(trainer.model, trainer.params, dataset, split.test, factor);
  const cells = [
    factor.toFixed(2).padStart(6),
    result.dice.toFixed(3).padStart(5),
    result.gflops.toFixed(3).padStart(6),
    result.milliseconds.toFixed(1).padStart(4),
  ];
  console.log(`${cells.join('  ')}  ${'█'.repeat(Math.round(40 * result.dice))}`);
}
