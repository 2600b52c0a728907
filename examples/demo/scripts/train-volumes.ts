// Trains the 3D model on generated volumes and writes it to public/: pnpm --dir examples/demo train:volumes
import { generatePhantoms } from '@sshn/data';
import { trainPackaged } from './train-packaged.js';

const seed = 2026;

await trainPackaged({
  file: 'volumes.safetensors',
  script: 'train-volumes.ts',
  dataset: generatePhantoms({
    kind: 'blobs',
    count: Number(process.env.IMAGES ?? 220),
    size: [32, 32, 32],
    seed,
  }),
  labels: [
    { name: 'background', color: [120, 130, 140] },
    { name: 'solid', color: [230, 159, 0] },
    { name: 'hollow', color: [86, 180, 233] },
  ],
  config: {
    architecture: { features: [6, 8, 12] },
    hypernetwork: { hidden: [10, 8] },
    optimizer: { learningRate: 6e-3 },
    augmentation: { flip: ['depth', 'height', 'width'] },
    batchSize: 2,
    epochs: Number(process.env.EPOCHS ?? 40),
  },
});
