// Writes four pictures that the training has not seen, and their true labels, to samples/: what the page segments.
import { mkdir, writeFile } from 'node:fs/promises';
import { generatePhantoms } from '@sshn/data';
import { encode } from 'fast-png';

const dataset = generatePhantoms({ kind: 'cells', count: 4, size: [64, 64], seed: 99 });
await mkdir('samples', { recursive: true });
for (const [i, id] of dataset.ids.entries()) {
  const { image, labels } = await dataset.load(id);
  const [height, width] = image.size;
  const pixels = Uint8Array.from(image.values, (value) => Math.round(255 * value));
  await writeFile(`samples/${i}.png`, encode({ width, height, channels: 3, data: pixels }));
  // A label map is a grey picture whose values are the labels: 0, 1, 2.
  await writeFile(`samples/${i}-labels.png`, encode({ width, height, channels: 1, data: labels.values }));
}
console.log(`Written: ${dataset.ids.length} pictures and their labels, in samples/.`);
