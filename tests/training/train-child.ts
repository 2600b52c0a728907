// A small real training run in a process of its own, for tests that kill it. Arguments: the run folder; then a folder of images and
// where they are prepared, or nothing for generated images. Those of a folder
// give patches.
import { useFastWasm } from '@sshn/backend-wasm';
import { type Dataset, generatePhantoms } from '@sshn/data';
import { openFolder } from '@sshn/data/node';
import { parseRunConfig } from '@sshn/training';
import { fileKeys, keepImages, trainRun } from '@sshn/training/node';

const [folder, images, kept] = process.argv.slice(2) as [string, string?, string?];
const dataset =
  images === undefined || kept === undefined
    ? generatePhantoms({ kind: 'cells', count: 20, size: [24, 24], seed: 1 })
    : await prepare(images, kept);
await useFastWasm();
const config = parseRunConfig(
  {
    architecture: { features: 4, stages: 3 },
    hypernetwork: { hidden: [4, 8] },
    epochs: 5,
    batchSize: 2,
    augmentation: { flip: ['width'], noise: 0.05 },
    ...(images === undefined ? {} : { patches: { size: [6, 12, 7], perImage: 3 } }),
  },
  'train-child',
);
const end = await trainRun({
  folder,
  dataset,
  data: { path: 'phantoms', layout: 'generated' },
  config,
  onEvent: (event) => {
    if (event.kind === 'step' || event.kind === 'epoch') console.log(event.kind, event.epoch);
  },
});
console.log(end.kind);

/** Loads all images of a folder once, so that each is on disk, as `sshn train` does. */
async function prepare(path: string, store: string): Promise<Dataset> {
  const opened = await openFolder(path, { cache: false });
  const all = keepImages(opened, fileKeys(opened, {}), { folder: store, memoryBytes: 0 });
  for (const id of all.ids) {
    console.log('prepare', id);
    await all.load(id);
  }
  return all;
}
