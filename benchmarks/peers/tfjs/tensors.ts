import type { RawTensor } from '@sshn/model';
import { type DataType, type Tensor, tensor } from '@tensorflow/tfjs-core';
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

/** Gets a tensor's values out of the heap, and disposes it. */
export function download(x: Tensor): RawTensor {
  const values = x.dataSync() as Float32Array;
  const raw = rawTensor(values.slice(), x.shape);
  x.dispose();
  return raw;
}

/** What a caller does with a result: reads its values, and disposes it. */
export function read(x: Tensor): void {
  x.dataSync();
  x.dispose();
}
