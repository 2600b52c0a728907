import type { RawTensor } from '@sshn/model';
import { type DataType, reshape, slice, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { rawTensor } from '../../work/values.js';
import type { Tensors } from '../../work/work.js';

/** Puts a tensor into the heap of the current backend. */
export function upload({ dtype, shape, data }: RawTensor): Tensor {
  const buffer = data.slice().buffer;
  const [values, type]: [Float32Array | Int32Array, DataType] =
    dtype === 'I32' ? [new Int32Array(buffer), 'int32'] : [new Float32Array(buffer), 'float32'];
  return tensor(values, [...shape], type);
}

/** Puts all of them there. */
export function uploadAll(tensors: Tensors): Map<string, Tensor> {
  return new Map([...tensors].map(([name, raw]) => [name, upload(raw)]));
}

/** Gets a tensor's values off the backend, and disposes it. */
export async function download(x: Tensor): Promise<RawTensor> {
  const values = (await x.data()) as Float32Array;
  const raw = rawTensor(values.slice(), x.shape);
  x.dispose();
  return raw;
}

/** The same of many, by name. */
export async function downloadAll(tensors: Iterable<readonly [string, Tensor]>): Promise<Tensors> {
  const raw: Tensors = new Map();
  for (const [name, x] of tensors) raw.set(name, await download(x));
  return raw;
}

/** What a caller does with a result: reads its values, and disposes it. */
export async function read(x: Tensor): Promise<void> {
  await x.data();
  x.dispose();
}

/** Waits until a result is there, by reading one number of it, and disposes it. */
export async function finish(x: Tensor): Promise<void> {
  const one = tidy(() => slice(reshape(x, [-1]), 0, 1));
  x.dispose();
  await read(one);
}
