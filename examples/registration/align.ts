// What does the network reach at each factor? Then it aligns two images that it has not seen, and draws them.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { useFastWasm } from '@sshn/backend-wasm';
import { setting } from '@sshn/core';
import type { Image } from '@sshn/data';
import { diceScore } from '@sshn/losses';
import { fieldOf, jacobianStatistics, pairImages, warp, warpLabels } from '@sshn/registration';
import { evaluateRun, loadRun, readRunFile } from '@sshn/training/node';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { drawAlignment } from './draw-alignment.js';
import { openSubjects } from './subjects.js';

const { values: options } = parseArgs({
  options: { out: { type: 'string', default: 'run' }, factor: { type: 'string', default: '0.25' } },
});
const factor = Number(options.factor);

// 1. The best model of the run, and the subjects that it was trained on.
await useFastWasm();
const run = await loadRun(options.out);
const { images, size } = (await readRunFile(options.out))!.dataset;
const subjects = openSubjects(images, size[0]!);

// 2. All pairs of the subjects kept for the test, at several factors.
for (const result of await evaluateRun(run, subjects, { factors: [0, 0.1, 0.25, 0.5] })) {
  const { factor: at, diceBefore, dice, foldedPercent, gflops } = result;
  console.log(
    `φ = ${at}: Dice ${diceBefore?.toFixed(3)} → ${dice.toFixed(3)}, ${foldedPercent?.toFixed(2)} % folded, ` +
      `${gflops.toFixed(3)} GFLOPs`,
  );
}

// 3. One pair: a field from two images, with which anything on the moving image's grid may be moved.
const { test } = run.split(subjects);
const [moving, fixed] = await Promise.all([subjects.load(test[0]!), subjects.load(test[1]!)]);
const { field, moved, movedLabels } = tidy(() => {
  const [movingImage, fixedImage] = [tensorOf(moving.image), tensorOf(fixed.image)];
  const at = setting(factor);
  const weights = run.model.specialize(run.params, at);
  const flow = run.model.network.apply(weights, pairImages(movingImage, fixedImage), at);
  const displacement = fieldOf(flow, size, run.config.registration);
  return {
    field: displacement,
    moved: warp(movingImage, displacement),
    movedLabels: warpLabels(tensor(moving.labels.values, [1, ...size], 'int32'), displacement),
  };
});
const labels = run.labelNames.length;
const before = diceScore(moving.labels.values, fixed.labels.values, { labels }).mean;
const after = diceScore(await movedLabels.data(), fixed.labels.values, { labels }).mean;
const [statistics] = await jacobianStatistics(field);
console.log(
  `${moving.id} onto ${fixed.id} at φ = ${factor}: Dice ${before.toFixed(3)} → ${after.toFixed(3)}, ` +
    `${statistics!.foldedPercent.toFixed(2)} % folded`,
);

// 4. Moving, fixed and moved image, the last one under the deformed grid.
const file = join(options.out, 'alignment.svg');
await writeFile(
  file,
  drawAlignment(
    [moving.image.values, fixed.image.values, await moved.data<'float32'>()],
    await field.data<'float32'>(),
    size[0]!,
  ),
);
console.log(`Written: ${file}`);
run.dispose();

/** An image as a batch of one. */
function tensorOf({ values, channels }: Image): Tensor {
  return tensor(values, [1, ...size, channels]);
}
