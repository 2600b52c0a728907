/**
 * A program: operations on real tensors where the heap ends, in a random order.
 *
 *   tensors.ts started|ours SEED
 *
 * `started`: tfjs had started the backend before `useFastWasm`. Each operation gives the same bits as where there was room,
 * or a `WasmMemoryError`; after one, something is disposed, as its message advises. Prints one line of JSON.
 */
import { createHash } from 'node:crypto';

import { registerGradients } from '@sshn/ops';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';

import { useFastWasm } from '../../node/index.js';
import { tfjsModule } from '../tfjs-module.js';

const MIB = 2 ** 20;
const TURNS = 100;

/** Room for the tensors at work. */
const ROOM_MIB = 60;

const [kind, seed] = process.argv.slice(2) as ['ours' | 'started', string];

/** A linear congruence: numbers in [0, 1). */
function generator(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const noise = (shape: number[], start: number): tf.Tensor => {
  const next = generator(start);
  const size = shape.reduce((product, edge) => product * edge, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => next() - 0.5),
    shape,
  );
};

if (kind === 'started') await tf.setBackend('wasm');
registerGradients();
await useFastWasm({ threads: 2 });
const backend = tf.backend() as BackendWasm;
const module = tfjsModule(backend);

const x = noise([1, 256, 256, 4], 1) as tf.Tensor4D;
const kernel = noise([3, 3, 4, 8], 2) as tf.Tensor4D;
const wide = noise([5, 5, 4, 3], 3) as tf.Tensor4D;
const depthwise = noise([3, 3, 4, 2], 4) as tf.Tensor4D;
const volume = noise([1, 16, 48, 48, 4], 5) as tf.Tensor5D;
const kernel3d = noise([3, 3, 3, 4, 4], 6) as tf.Tensor5D;
const matrix = noise([512, 1024], 7) as tf.Tensor2D;
const column = noise([1024, 64], 8) as tf.Tensor2D;

const loss = (image: tf.Tensor, weights: tf.Tensor): tf.Scalar =>
  tf.mean(
    tf.square(tf.maxPool(tf.conv2d(image as tf.Tensor4D, weights as tf.Tensor4D, 1, 'same'), 2, 2, 'same')),
  );

/** Kernels of ours and of tfjs, with and without working memory of their own. */
const operations: Readonly<Record<string, () => tf.Tensor>> = {
  add: () => tf.add(x, 1),
  avgPool: () => tf.avgPool(x, 5, 2, 'same'),
  concat: () => tf.concat([x, x], 3),
  conv2d: () => tf.conv2d(x, kernel, 1, 'same'),
  conv2dStrided: () => tf.conv2d(x, wide, 2, 'same'),
  conv2dDilated: () => tf.conv2d(x, wide, 1, 'same', 'NHWC', 2),
  conv3d: () => tf.conv3d(volume, kernel3d, 1, 'same'),
  depthwise: () => tf.depthwiseConv2d(x, depthwise, 1, 'same'),
  gradient: () => tf.grads(loss)([x, kernel])[0]!,
  matMul: () => tf.matMul(matrix, column),
  matMulTransposed: () => tf.matMul(matrix, tf.slice(matrix, [0, 0], [64, 1024]), false, true),
  maxPool: () => tf.maxPool(x, 3, 1, 'same'),
  pad: () =>
    tf.pad(x, [
      [0, 0],
      [1, 1],
      [2, 2],
      [0, 0],
    ]),
  prelu: () => tf.prelu(x, tf.fill([1, 1, 1, 4], 0.1)),
  reshape: () => tf.add(tf.reshape(x, [256, 1024]), 1),
  resize: () => tf.image.resizeBilinear(x, [350, 300]),
  resizeLarge: () => tf.image.resizeBilinear(tf.slice(x, [0, 0, 0, 0], [1, 256, 256, 1]), [1200, 1200]),
  softmax: () => tf.softmax(x),
  sum: () => tf.sum(tf.square(volume), [1, 2]),
  topk: () => tf.topk(matrix, 5).values,
  transpose: () => tf.transpose(x, [0, 3, 1, 2]),
  upload: () => noise([1 << 18], 9),
};

const digest = (y: tf.Tensor): string =>
  createHash('sha1').update(new Uint8Array(y.dataSync().buffer)).digest('hex');

const right = new Map<string, string>();
const faults: string[] = [];
const live: Array<{ readonly name: string; readonly y: tf.Tensor }> = [];
const done = new Set<string>();
const refused = new Set<string>();

for (const [name, run] of Object.entries(operations)) {
  const y = tf.tidy(run);
  right.set(name, digest(y));
  y.dispose();
}
const before = { tensors: tf.memory().numTensors, data: backend.numDataIds() };

/** All the rest of the heap, in blocks of 10 MiB that are never touched: so the program itself takes little memory. */
const ballast: tf.TensorInfo[] = [];
for (let isFull = false; !isFull; ) {
  try {
    ballast.push(backend.makeOutput([10, MIB / 4], 'float32'));
  } catch {
    isFull = true;
  }
}

// Room for the output, but not for the tables of XNNPACK: 24 bytes a pixel.
for (const { dataId } of ballast.splice(-1)) backend.disposeData(dataId);
const large = tf.slice(x, [0, 0, 0, 0], [1, 256, 256, 1]);
try {
  tf.image.resizeBilinear(large, [1300, 1300]);
  faults.push('resized without room');
} catch (error) {
  if (!String(error).includes('No room for the working memory of ResizeBilinear'))
    faults.push(`resize: ${error}`);
}
large.dispose();

for (const { dataId } of ballast.splice(2 - ROOM_MIB / 10)) backend.disposeData(dataId);

const random = generator(Number(seed));
const disposeOne = (): void => live.splice(Math.floor(random() * live.length), 1)[0]?.y.dispose();

for (let turn = 0; turn < TURNS; turn++) {
  const [name, run] = Object.entries(operations)[Math.floor(random() * right.size)]!;
  const tensors = tf.memory().numTensors;
  const data = backend.numDataIds();
  try {
    const y = tf.tidy(run);
    done.add(name);
    live.push({ name, y });
    if (digest(y) !== right.get(name)) faults.push(`${name}: wrong values in turn ${turn}`);
  } catch (error) {
    refused.add(name);
    if ((error as Error).name !== 'WasmMemoryError') faults.push(`${name}: ${error}`);
    if (tf.memory().numTensors !== tensors || backend.numDataIds() !== data) {
      faults.push(`${name}: ${backend.numDataIds() - data} data left over in turn ${turn}`);
    }
    disposeOne();
    disposeOne();
  }
}
for (const { name, y } of live) {
  if (digest(y) !== right.get(name)) faults.push(`${name}: written over`);
  y.dispose();
}
for (const { dataId } of ballast) backend.disposeData(dataId);
for (const [name, run] of Object.entries(operations)) {
  const y = tf.tidy(run);
  if (digest(y) !== right.get(name)) faults.push(`${name}: wrong afterwards`);
  y.dispose();
}
if (tf.memory().numTensors !== before.tensors || backend.numDataIds() !== before.data) faults.push('a leak');
const heapMiB = module.HEAPU8.buffer.byteLength / MIB;
process.stdout.write(
  `${JSON.stringify({ faults: faults.slice(0, 8), done: done.size, refused: refused.size, heapMiB })}\n`,
  () => process.exit(0),
);
