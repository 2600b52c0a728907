/**
 * Times warping and its two gradients: milliseconds of processor time over all threads, lowest of many, for displacements of a few voxels that vary smoothly.
 *
 *   npx tsx --conditions @sshn/source packages/backend-wasm/scripts/time-warp.ts [threads]
 */
import '@tensorflow/tfjs-backend-wasm';

import { randomNormal, type TensorInfo, tensor } from '@tensorflow/tfjs-core';

import { loadNative } from '../src/native/index.js';
import { sharedBackendForTests } from '../src/native/testing/shared.js';
import { warp, warpGradField, warpGradImage } from '../src/native/warp.js';

const MILLISECONDS_PER_PASS = 400;

const shapes: readonly number[][] = [
  [4, 192, 160, 1],
  [4, 192, 160, 2],
  [1, 80, 96, 112, 1],
  [1, 80, 96, 112, 3],
  [1, 64, 64, 64, 16],
];

const threads = Number(process.argv[2] ?? 1);
const shared = await sharedBackendForTests();
const native = await loadNative(shared, { threads });

/** Milliseconds of processor time, which other programs on the machine lengthen less than the clock's; lowest of the passes that fit into the time given. */
function time(pass: () => TensorInfo): number {
  const end = performance.now() + MILLISECONDS_PER_PASS;
  let lowest = Number.POSITIVE_INFINITY;
  do {
    const start = process.cpuUsage();
    const { dataId } = pass();
    const { user, system } = process.cpuUsage(start);
    lowest = Math.min(lowest, (user + system) / 1000);
    shared.disposeData(dataId);
  } while (performance.now() < end);
  return lowest;
}

const sampling = { interpolation: 'linear', padding: 'border' } as const;
for (const shape of shapes) {
  const rank = shape.length - 2;
  const voxels = shape.slice(0, -1).reduce((product, n) => product * n, 1);
  const values = Float32Array.from({ length: voxels * rank }, (_, i) => 3 * Math.sin(i / 977));
  const field = tensor(values, [...shape.slice(0, -1), rank]);
  const [image, dy] = [randomNormal(shape), randomNormal(shape)];
  const row = {
    forward: time(() => warp(native, { image, field }, sampling)),
    'to the field': time(() => warpGradField(native, { dy, image, field }, sampling)),
    'to the image': time(() => warpGradImage(native, { dy, field, inputSize: shape.slice(1, -1) }, sampling)),
  };
  const cells = Object.entries(row).map(([name, ms]) => `${name} ${ms.toFixed(2)} ms`);
  console.log(`${shape.join('×').padEnd(16)} ${cells.join(', ')}`);
  for (const x of [field, image, dy]) x.dispose();
}
native.dispose();
process.exit(0);
