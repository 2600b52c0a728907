// Trains the model of the stream on generated ultrasound and writes it to public/: pnpm --dir examples/demo train:ultrasound
import { Rng } from '@sshn/core';
import { datasetOf } from '@sshn/data';
import { frameSize, ultrasoundLabels, ultrasoundScene } from '../src/ultrasound/scene.js';
import { trainPackaged } from './train-packaged.js';

/** Every frame is of another patient, at any time of a minute. */
const scenes = Number(process.env.IMAGES ?? 320);
const seed = 2026;

const examples = Array.from({ length: scenes }, (_, number) => {
  const rng = Rng.fromSeed(seed).split('train').split(number);
  return {
    id: `frame-${`${number}`.padStart(4, '0')}`,
    ...ultrasoundScene(rng, frameSize).frame(rng.split('time').uniform(0, 60)),
  };
});

await trainPackaged({
  file: 'ultrasound.safetensors',
  script: 'train-ultrasound.ts',
  dataset: datasetOf(examples, { name: `generated ultrasound, seed ${seed}`, labelNames: ultrasoundLabels }),
  labels: [
    { name: 'background', color: [120, 130, 140] },
    { name: 'lumen', color: [86, 180, 233] },
    { name: 'wall', color: [230, 159, 0] },
  ],
  config: {
    // Features that grow with depth: the inner stages, which φ shrinks, carry more of the cost.
    architecture: { features: [4, 8, 16, 24, 32] },
    hypernetwork: { hidden: [10, 8] },
    optimizer: { learningRate: 5e-3 },
    augmentation: { flip: ['width'] },
    batchSize: 4,
    epochs: Number(process.env.EPOCHS ?? 12),
  },
});
