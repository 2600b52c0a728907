/**
 * Draws a generated image, a deformed copy of it, and what registering the two without a network does, side by side: moving,
 * fixed, moved under the deformed grid, difference before and after.
 *
 * node --conditions=@sshn/source --import { rangeOf } from '@sshn/core';
import tsx scripts/registration-picture.ts OUT.png
 */
import { writeFile } from 'node:fs/promises';
import { useFastWasm } from '@sshn/backend-wasm';
import { generatePhantoms, resampleOnto, type Volume, volumeOf } from '@sshn/data';
import { type Picture, registerPair } from '@sshn/predict';
import { encode } from 'fast-png';
import { difference, drawDeformedGrid, paint } from '../src/report/images.js';

const [out = 'registration.png'] = process.argv.slice(2);
const size = [96, 96] as const;
const gap = 8;

await useFastWasm();
const phantoms = generatePhantoms({ kind: 'cells', count: 1, size, seed: 4 });
const moving = await load(phantoms.ids[0]!);
const fixed: Picture = { ...moving, channels: [deformed(moving.channels[0])] };
const { seen, seenField, figures } = await registerPair(moving, fixed, {
  objective: { similarity: 'mse', regularizer: 'diffusion', weight: 0.03, integrationSteps: 7 },
  preprocessing: { size, channels: 1, intensity: { kind: 'minMax' } },
  steps: 150,
});
const [before, after] = [difference(seen.moving, seen.fixed), difference(seen.moved, seen.fixed)];
const panels = [
  paint(seen.moving),
  paint(seen.fixed),
  drawDeformedGrid(paint(seen.moved), seenField, size),
  paint(before),
  paint(after, undefined, undefined, rangeOf(before.values)),
];
const { width, height } = panels[0]!;
const total = panels.length * (width + gap) - gap;
const data = new Uint8Array(total * height * 3).fill(255);
for (const [index, panel] of panels.entries()) {
  for (let y = 0; y < height; y++) {
    const row = panel.data.subarray(y * width * 3, (y + 1) * width * 3);
    data.set(row, (y * total + index * (width + gap)) * 3);
  }
}
await writeFile(out, encode({ width: total, height, channels: 3, depth: 8, data }));
console.log(figures);

async function load(id: string): Promise<Picture> {
  const { image } = await phantoms.load(id);
  const { values, channels } = image;
  const grey = Float32Array.from({ length: values.length / channels }, (_, i) =>
    values.subarray(i * channels, (i + 1) * channels).reduce((sum, value) => sum + value / channels, 0),
  );
  return { path: id, format: 'raster', channels: [volumeOf(grey, [1, ...size])] };
}

/** Swirled by some pixels, the more the nearer to the middle. */
function deformed(volume: Volume): Volume {
  const [, height, width] = volume.shape;
  const along = (axis: 0 | 1) =>
    Float32Array.from({ length: height * width }, (_, i) => {
      const [y, x] = [Math.floor(i / width) / height, (i % width) / width];
      const fade = Math.sin(Math.PI * x) * Math.sin(Math.PI * y);
      return 9 * fade * (axis === 0 ? Math.sin(4 * y + 1) : Math.cos(5 * x + 2));
    });
  const still = new Float32Array(height * width);
  return resampleOnto(volume, volume, { displacementMm: [along(0), along(1), still] });
}
