import { parseArgs } from 'node:util';
import { useFastWasm } from '@sshn/backend-wasm';
import { disposeParams, initialize, Rng, setting } from '@sshn/core';
import { batches, cacheDataset, generatePhantoms, splitIds } from '@sshn/data';
import { countModule } from '@sshn/flops';
import { hypernetize } from '@sshn/hypernet';
import { crossEntropy } from '@sshn/losses';
import { valueAndGradients } from '@sshn/ops';
import { adam, cosineRate, rateAt, warmUp } from '@sshn/optim';
import { diceOver } from '@sshn/training';
import { dispose, tensor } from '@tensorflow/tfjs-core';
import { attentionUNet } from './attention-unet.js';

const { values: options } = parseArgs({
  options: {
    images: { type: 'string', default: '60' },
    size: { type: 'string', default: '48' },
    features: { type: 'string', default: '8' },
    epochs: { type: 'string', default: '30' },
  },
});
const [size, width, epochs] = [options.size, options.features, options.epochs].map(Number) as [
  number,
  number,
  number,
];
await useFastWasm();

// 1. Images with labels, and a network of one's own, whose every weight a hypernetwork predicts from the factor.
const dataset = cacheDataset(
  generatePhantoms({ kind: 'cells', count: Number(options.images), size: [size, size], seed: 1 }),
);
const { train, test } = splitIds(dataset.ids, Rng.fromSeed(1));
const network = attentionUNet(dataset.channels, dataset.labelNames.length, [width, width, width, width]);
const model = hypernetize(network, { predict: 'convolutions' });

// 2. Train it, each step at another factor.
const batchSize = 4;
const steps = epochs * Math.ceil(train.length / batchSize);
const warm = Math.min(100, Math.floor(steps / 10));
const schedule = warmUp(warm, cosineRate({ rate: 3e-3, steps: steps - warm }));
const optimizer = adam({ beta2: 0.99 });
const rng = Rng.fromSeed(2);
let params = initialize(model.specs, rng.split('weights'));
let state = optimizer.init(params);
let step = 0;
for (let epoch = 1; epoch <= epochs; epoch++) {
  let sum = 0;
  let count = 0;
  for await (const batch of batches(dataset, train, { batchSize, order: rng.split(epoch) })) {
    const images = tensor(batch.images, [...batch.shape]);
    const labels = tensor(batch.labels, batch.shape.slice(0, -1), 'int32');
    const at = setting(rng.uniform(0, 0.5));
    const { value, gradients } = valueAndGradients(params, (p) =>
      crossEntropy(model.apply(p, images, at), labels),
    );
    const next = optimizer.update(gradients, state, params, {
      step,
      learningRate: rateAt(schedule, step),
    });
    step++;
    sum += value.dataSync()[0]!;
    count++;
    dispose([images, labels, value]);
    for (const tree of [gradients, params, state]) disposeParams(tree);
    ({ params, state } = next);
  }
  if (epoch % Math.ceil(epochs / 6) === 0)
    console.log(`epoch ${epoch}/${epochs}  loss ${(sum / count).toFixed(3)}`);
}

// 3. One network, every factor: what does each reach, and what does it cost?
console.log('factor   Dice  GFLOPs');
for (const factor of [0, 0.1, 0.25, 0.5]) {
  const at = setting(factor);
  const { mean } = await diceOver(model, params, dataset, test, at, batchSize);
  const { flops } = countModule(network, { inputShape: [1, size, size, dataset.channels], at });
  console.log(
    `${factor.toFixed(2).padStart(6)}  ${mean.toFixed(3)}  ${(flops / 1e9).toFixed(4).padStart(6)}`,
  );
}
