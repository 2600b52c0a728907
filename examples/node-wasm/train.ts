// Trains one network for every rescaling factor, into a folder. Interrupted, the same command goes on where it was.
import { parseArgs } from 'node:util';
import { useFastWasm } from '@sshn/backend-wasm';
import { parseRunConfig, type TrainEvent } from '@sshn/training';
import { trainRun } from '@sshn/training/node';
import { openImages } from './images.js';

const { values: options } = parseArgs({
  options: {
    images: { type: 'string', default: '100' },
    size: { type: 'string', default: '64' },
    features: { type: 'string', default: '12' },
    epochs: { type: 'string', default: '40' },
    out: { type: 'string', default: 'run' },
  },
});
const epochs = Number(options.epochs);

// 1. A backend that can train, and is fast at it.
const { threads } = await useFastWasm();
console.log(`Training on ${threads} ${threads === 1 ? 'thread' : 'threads'}.`);

// 2. What to train: a hypernetwork that predicts a U-Net's weights from the factor, which every step draws anew.
const config = parseRunConfig(
  {
    method: 'sshn',
    prior: { kind: 'uniform', low: 0, high: 0.5 },
    architecture: { features: Number(options.features) },
    optimizer: { learningRate: 3e-3 },
    epochs,
    validation: { every: Math.max(1, Math.floor(epochs / 8)) },
    seed: 1,
  },
  'train.ts',
);

// 3. Train. The folder gets a checkpoint after every epoch, and the best model in best.safetensors.
const began = performance.now();
const end = await trainRun({
  folder: options.out,
  dataset: openImages(Number(options.images), Number(options.size)),
  data: { path: 'images.ts', layout: 'generated' },
  config,
  onEvent: show,
});
const seconds = ((performance.now() - began) / 1000).toFixed(1);
console.log(`Done in ${seconds} s: best validation Dice ${end.bestDice.toFixed(3)}, in ${options.out}/.`);

function show(event: TrainEvent): void {
  // On a terminal, a bar that moves with every step.
  if (event.kind === 'step' && process.stdout.isTTY) {
    const done = (event.epoch + (event.step + 1) / event.steps) / epochs;
    const bar = '█'.repeat(Math.round(30 * done)).padEnd(30, '░');
    process.stdout.write(`\r${bar} ${event.imagesPerSecond.toFixed(0)} images/s `);
  }
  if (event.kind === 'epoch' && event.validation !== undefined) {
    const dice = event.validation.map((point) => point.dice.toFixed(3)).join(', ');
    const clear = process.stdout.isTTY ? '\r\x1b[K' : '';
    console.log(
      `${clear}epoch ${event.epoch + 1}/${event.epochs}  loss ${event.loss.toFixed(3)}  Dice ${dice}`,
    );
  }
}
