/**
 * Times one convolution and its gradients on stock, composed and compiled kernels, on one thread: milliseconds of
 * processor time, lowest of many, as a table for the README.
 *
 *   npx tsx --conditions @sshn/source packages/backend-wasm/scripts/time-composed.ts
 */
import '@tensorflow/tfjs-backend-wasm';
import {
  conv2d,
  conv3d,
  engine,
  getKernel,
  matMul,
  randomNormal,
  setBackend,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  type Tensor5D,
  tidy,
} from '@tensorflow/tfjs-core';
import { useFastWasm } from '../src/node/index.js';

const MILLISECONDS_PER_CASE = 1500;

await setBackend('wasm');
const random = (...shape: number[]) => randomNormal(shape, 0, 1, 'float32', 1);
const [x, dy, kernel] = [random(4, 64, 64, 32), random(4, 64, 64, 32), random(3, 3, 32, 32)];
const [volume, cube] = [random(1, 16, 64, 64, 16), random(3, 3, 3, 16, 16)];
const [a, b] = [random(512, 512), random(512, 512)];
const layout = { strides: 1, pad: 'same', dataFormat: 'NHWC' };

const run = (name: string, inputs: Record<string, Tensor>, attributes: object): Tensor | undefined =>
  getKernel(name, 'wasm') == null ? undefined : engine().runKernel(name, inputs, attributes as never);

const cases: Record<string, () => Tensor | undefined> = {
  forward: () => conv2d(x as Tensor4D, kernel as Tensor4D, 1, 'same'),
  'gradient to the input': () =>
    run('Conv2DBackpropInput', { dy, filter: kernel }, { ...layout, inputShape: x.shape }),
  'gradient to the filter': () =>
    run('Conv2DBackpropFilter', { x, dy }, { ...layout, filterShape: kernel.shape }),
  '`conv3d` of `[1, 16, 64, 64, 16]`, 3×3×3': () => conv3d(volume as Tensor5D, cube as Tensor5D, 1, 'same'),
  '`matMul` of 512×512, first transposed': () => matMul(a as Tensor2D, b as Tensor2D, true),
};

/** Lowest processor time of one call: other programs on the machine take part in elapsed time only. */
function time(work: () => Tensor | undefined): string {
  const began = performance.now();
  let lowest = Number.POSITIVE_INFINITY;
  do {
    const before = process.cpuUsage();
    const result = tidy(() => work() as Tensor);
    const { user, system } = process.cpuUsage(before);
    if (result === undefined) return 'missing';
    result.dispose();
    lowest = Math.min(lowest, (user + system) / 1000);
  } while (performance.now() - began < MILLISECONDS_PER_CASE);
  return lowest < 10 ? lowest.toFixed(1) : lowest.toFixed(0);
}

const measure = () => Object.values(cases).map(time);
const stock = measure();
await useFastWasm({ native: false });
const composed = measure();
await useFastWasm({ threads: 1 });
const compiled = measure();

console.log('|  | stock | composed | compiled |\n| --- | --- | --- | --- |');
for (const [i, name] of Object.keys(cases).entries()) {
  console.log(`| ${name} | ${stock[i]} | ${composed[i]} | ${compiled[i]} |`);
}
