// Which share of a training's time its steps wait for images to be augmented, on the main thread and in a worker thread: colour images
// of 256², batches of four, a U-Net of 16 features. One or two minutes. `pnpm --dir benchmarks bench:waiting [--threads 2] [--images 40]`
import { parseArgs } from 'node:util';
import { useFastWasm } from '@sshn/backend-wasm';
import { type AugmentConfig, type Dataset, generatePhantoms } from '@sshn/data';
import { augmentInThreads } from '@sshn/data/node';
import { parseRunConfig, Trainer } from '@sshn/training';
import { busyProcessors, describeMachine } from '../report/machine.js';

const { values } = parseArgs({
  options: { threads: { type: 'string', default: '2' }, images: { type: 'string', default: '40' } },
});
const [threads, images] = [Number(values.threads), Number(values.images)];

const flipped: AugmentConfig = { flip: ['height', 'width'], rotationDegrees: 15 };
const elastic: AugmentConfig = { ...flipped, elastic: { strength: 4, spacing: 32 } };
const augmentations: ReadonlyArray<readonly [name: string, config: AugmentConfig]> = [
  ['none', {}],
  ['flips, rotation', flipped],
  ['flips, rotation, elastic', elastic],
  ['flips, rotation, elastic, gamma, noise', { ...elastic, gamma: 0.3, noise: 0.03 }],
];

const generated = generatePhantoms({ kind: 'cells', count: images + 2, size: [256, 256], seed: 1 });
const examples = new Map(
  await Promise.all(generated.ids.map(async (id) => [id, await generated.load(id)] as const)),
);
/** In memory, as a folder's are: to generate an image takes longer than to augment it. */
const dataset: Dataset = { ...generated, load: async (id) => examples.get(id)! };

/** Of the best of the epochs after the first, in which engines compile. */
async function epochOf(augmentation: AugmentConfig, workers: number) {
  const [first, second, ...train] = dataset.ids as [string, string, ...string[]];
  const config = parseRunConfig(
    { architecture: { features: 16 }, batchSize: 4, epochs: 3, augmentation, validation: { every: 3 } },
    'bench:waiting',
  );
  using augmenting = augmentInThreads(augmentation, { threads: workers });
  await augmenting.started;
  const split = { train, validation: [first], test: [second] };
  using trainer = new Trainer({ config, dataset, split, transform: augmenting.transform });
  const epochs: Array<{ waiting: number; imagesPerSecond: number }> = [];
  for await (const event of trainer.run()) {
    if (event.kind !== 'epoch' || event.epoch === 0) continue;
    epochs.push({ waiting: event.waitingShare!, imagesPerSecond: event.imagesPerSecond });
  }
  return epochs.reduce((a, b) => (a.imagesPerSecond > b.imagesPerSecond ? a : b));
}

const { simd } = await useFastWasm({ threads });
const busy = await busyProcessors(500);
console.log(
  `${describeMachine()}; ${simd} SIMD, ${threads} threads${busy > 0.2 ? `; ${busy.toFixed(1)} processors are busy with other work` : ''}`,
);
console.log('| augmentation | steps wait, on the main thread | in a worker thread | images/s | images/s |');
console.log('| --- | --- | --- | --- | --- |');
for (const [name, augmentation] of augmentations) {
  const [here, beside] = [await epochOf(augmentation, 0), await epochOf(augmentation, 1)];
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const pace = [here, beside].map(({ imagesPerSecond }) => imagesPerSecond.toFixed(1));
  console.log(`| ${[name, percent(here.waiting), percent(beside.waiting), ...pace].join(' | ')} |`);
}
process.exit(0);
