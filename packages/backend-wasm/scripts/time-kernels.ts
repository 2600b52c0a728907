/**
 * Times the native convolution passes: milliseconds (lowest of many) and GFLOP/s at 2 per multiply-add.
 *
 *   npx tsx --conditions @sshn/source packages/backend-wasm/scripts/time-kernels.ts [threads]
 */
import '@tensorflow/tfjs-backend-wasm';

import { randomNormal, type TensorInfo } from '@tensorflow/tfjs-core';
import { conv, convGradInput, convGradKernel } from '../src/native/conv.js';
import { convGeometry, pixelCount, tapCount } from '../src/native/conv-geometry.js';
import { loadNative } from '../src/native/index.js';
import { sharedBackendForTests } from '../src/native/testing/shared.js';

const MILLISECONDS_PER_PASS = 300;

const work: ReadonlyArray<readonly [x: number[], kernel: number[]]> = [
  [
    [1, 256, 256, 32],
    [3, 3, 32, 32],
  ],
  [
    [4, 128, 128, 32],
    [3, 3, 32, 32],
  ],
  [
    [4, 128, 128, 64],
    [3, 3, 64, 32],
  ],
  [
    [4, 64, 64, 32],
    [3, 3, 32, 32],
  ],
  [
    [4, 32, 32, 32],
    [3, 3, 32, 32],
  ],
  [
    [4, 8, 8, 32],
    [3, 3, 32, 32],
  ],
  [
    [4, 3, 3, 32],
    [3, 3, 32, 32],
  ],
  [
    [4, 1, 1, 32],
    [3, 3, 32, 32],
  ],
  [
    [4, 128, 128, 3],
    [3, 3, 3, 32],
  ],
  [
    [4, 128, 128, 32],
    [1, 1, 32, 3],
  ],
  [
    [1, 256, 256, 32],
    [1, 1, 32, 25],
  ],
  [
    [1, 32, 32, 128],
    [3, 3, 128, 128],
  ],
  [
    [1, 32, 32, 32, 16],
    [3, 3, 3, 16, 16],
  ],
];

const wasm = await sharedBackendForTests();
const native = await loadNative(wasm, { threads: Number(process.argv[2] ?? 1) });
console.log(`${native.threads} thread(s)`);

function time(pass: () => TensorInfo): number {
  let best = Number.POSITIVE_INFINITY;
  const start = performance.now();
  do {
    const before = performance.now();
    const result = pass();
    best = Math.min(best, performance.now() - before);
    wasm.disposeData(result.dataId);
  } while (performance.now() - start < MILLISECONDS_PER_PASS);
  return best;
}

console.log('x, kernel'.padEnd(40), ['forward', 'to input', 'to kernel'].map((s) => s.padEnd(18)).join(''));
for (const [xShape, kernelShape] of work) {
  const geometry = convGeometry(xShape, kernelShape);
  const megaflop =
    (2 * pixelCount(geometry) * tapCount(geometry) * geometry.inChannels * geometry.outChannels) / 1e6;
  const x = randomNormal(xShape);
  const kernel = randomNormal(kernelShape);
  const dy = randomNormal([...xShape.slice(0, -1), geometry.outChannels]);
  const cells = [
    () => conv(native, x, kernel),
    () => convGradInput(native, dy, kernel),
    () => convGradKernel(native, x, dy, kernelShape.slice(0, -2)),
  ].map((pass) => {
    const ms = time(pass);
    return `${ms.toFixed(3).padStart(8)} ${(megaflop / ms).toFixed(1).padStart(6)}   `;
  });
  console.log(`${xShape.join('×')}, ${kernelShape.join('×')}`.padEnd(40), cells.join(''));
  for (const t of [x, kernel, dy]) t.dispose();
}
