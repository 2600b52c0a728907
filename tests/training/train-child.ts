// A small real training run in a process of its own, for tests that kill it. Arguments: the run folder.
import { useFastWasm } from '@sshn/backend-wasm';
import { generatePhantoms } from '@sshn/data';
import { parseRunConfig } from '@sshn/training';
import { trainRun } from '@sshn/training/node';

await useFastWasm();
const config = parseRunConfig(
  {
    architecture: { features: 4, stages: 3 },
    hypernetwork: { hidden: [4, 8] },
    epochs: 5,
    batchSize: 2,
    augmentation: { flip: ['width'], noise: 0.05 },
  },
  'train-child',
);
const end = await trainRun({
  folder: process.argv[2]!,
  dataset: generatePhantoms({ kind: 'cells', count: 20, size: [24, 24], seed: 1 }),
  data: { path: 'phantoms', layout: 'generated' },
  config,
  onEvent: (event) => {
    if (event.kind === 'step' || event.kind === 'epoch') console.log(event.kind, event.epoch);
  },
});
console.log(end.kind);
