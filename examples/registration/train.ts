// Trains one registration network for every rescaling factor, into a folder. Interrupted, the same command goes on.
import { parseArgs } from 'node:util';
import { useFastWasm } from '@sshn/backend-wasm';
import { parseRunConfig, type TrainEvent } from '@sshn/training';
import { trainRun } from '@sshn/training/node';
import { openSubjects } from './subjects.js';

const { values: options } = parseArgs({
  options: {
    subjects: { type: 'string', default: '24' },
    size: { type: 'string', default: '64' },
    features: { type: 'string', default: '8' },
    epochs: { type: 'string', default: '8' },
    out: { type: 'string', default: 'run' },
  },
});
const epochs = Number(options.epochs);

// 1. A backend that can train, and is fast at it.
const { threads } = await useFastWasm();
console.log(`Training on ${threads} ${threads === 1 ? 'thread' : 'threads'}.`);

// 2. What to train: fixed images resemble moved ones, and velocities are smooth. Integrated, they do not fold.
const config = parseRunConfig(
  {
    task: 'registration',
    method: 'sshn',
    prior: { kind: 'uniform', low: 0, high: 0.5 },
    architecture: { features: Number(options.features), stages: 4 },
    hypernetwork: { hidden: [10, 16] },
    registration: { similarity: 'mse', regularizer: 'diffusion', weight: 0.02, integrationSteps: 5 },
    optimizer: { learningRate: 5e-3 },
    batchSize: 4,
    epochs,
    validation: { every: Math.max(1, Math.floor(epochs / 4)) },
    seed: 1,
  },
  'train.ts',
);

// 3. Train on all pairs of the subjects that are not kept for validation and test. No label is looked at, but to score.
const began = performance.now();
const end = await trainRun({
  folder: options.out,
  dataset: openSubjects(Number(options.subjects), Number(options.size)),
  data: { path: 'subjects.ts', layout: 'generated' },
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
    process.stdout.write(`\r${bar} ${event.imagesPerSecond.toFixed(0)} pairs/s `);
  }
  if (event.kind === 'epoch' && event.validation !== undefined) {
    const dice = event.validation.map((point) => point.dice.toFixed(3)).join(', ');
    const clear = process.stdout.isTTY ? '\r\x1b[K' : '';
    console.log(
      `${clear}epoch ${event.epoch + 1}/${event.epochs}  loss ${event.loss.toFixed(4)}  Dice ${dice}`,
    );
  }
}
