// Trains one network for every rescaling factor on the GPU, and measures it at three factors.
import { parseArgs } from 'node:util';
import { fastWebgpuStatus, useFastWebgpu, WebgpuUnavailableError } from '@sshn/backend-webgpu';
import { Rng } from '@sshn/core';
import { cacheDataset, generatePhantoms, splitIds } from '@sshn/data';
import { evaluateFactor, parseRunConfig, Trainer } from '@sshn/training';

const { values: options } = parseArgs({
  options: {
    images: { type: 'string', default: '200' },
    size: { type: 'string', default: '128' },
    features: { type: 'string', default: '32' },
    stages: { type: 'string', default: '5' },
    epochs: { type: 'string', default: '30' },
  },
});
const [size, epochs] = [Number(options.size), Number(options.epochs)];

// 1. The GPU. Node has no WebGPU of its own: the package `webgpu` brings it, and this call starts it. Where there is no
//    GPU or no driver, the error says what is missing and what to do.
const gpu = await useFastWebgpu().catch((error: unknown) => {
  if (!(error instanceof WebgpuUnavailableError)) throw error;
  console.error(error.message);
  process.exit(1);
});
console.log(`Training on ${gpu.adapter}${gpu.isSoftware ? ', which is the processor: slow' : ''}.`);

// 2. Images with labels, in three parts: to train on, to watch, and to judge by.
const dataset = cacheDataset(
  generatePhantoms({ kind: 'cells', count: Number(options.images), size: [size, size], seed: 1 }),
);
const split = splitIds(dataset.ids, Rng.fromSeed(1));
const config = parseRunConfig(
  {
    method: 'sshn',
    architecture: { features: Number(options.features), stages: Number(options.stages) },
    epochs,
    validation: { every: Math.max(1, Math.floor(epochs / 6)) },
    seed: 1,
  },
  'train.ts',
);

// 3. Train, and listen. A GPU answers later: whoever reads a tensor here says `await x.data()`, never `x.dataSync()`.
using trainer = new Trainer({ config, dataset, split });
const began = performance.now();
for await (const event of trainer.run()) {
  if (event.kind === 'step' && process.stdout.isTTY)
    process.stdout.write(`\repoch ${event.epoch + 1}, step ${event.step + 1}/${event.steps} `);
  if (event.kind !== 'epoch' || event.validation === undefined) continue;
  const dice = event.validation.map((point) => point.dice.toFixed(3)).join(', ');
  const { loss, imagesPerSecond, secondsLeft } = event;
  const pace = `${imagesPerSecond.toFixed(1)} images/s, ${secondsLeft.toFixed(0)} s left`;
  const clear = process.stdout.isTTY ? '\r\x1b[K' : '';
  console.log(`${clear}epoch ${event.epoch + 1}/${epochs}  loss ${loss.toFixed(3)}  Dice ${dice}  ${pace}`);
}
console.log(`Trained in ${((performance.now() - began) / 1000).toFixed(1)} s.`);

// 4. One network, three costs. On a GPU small images cost the same at every factor: starting a program takes longer than
//    running it. Larger images (--size 512) are where the factor is felt.
console.log('factor   Dice  GFLOPs    ms');
for (const factor of [0.1, 0.25, 0.5]) {
  const result = await evaluateFactor(trainer.model, trainer.params, dataset, split.test, factor);
  const { dice, gflops, milliseconds } = result;
  const cells = [
    dice.toFixed(3).padStart(5),
    gflops.toFixed(3).padStart(6),
    milliseconds.toFixed(1).padStart(4),
  ];
  console.log(`${factor.toFixed(2).padStart(6)}  ${cells.join('  ')}`);
}

// 5. A device does not throw: it complains, and computes on. Results count only if it had nothing to complain of.
const problems = fastWebgpuStatus()!.problems;
console.log(problems.length === 0 ? 'The device complained of nothing.' : problems.join('\n'));
process.exitCode = problems.length === 0 ? 0 : 1;
