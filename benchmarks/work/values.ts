import type { RawTensor } from '@sshn/model';

/** The values of a float32 tensor. */
export function floats({ data }: RawTensor): Float32Array {
  const { buffer, byteOffset, byteLength } = data;
  return byteOffset % 4 === 0
    ? new Float32Array(buffer as ArrayBuffer, byteOffset, byteLength / 4)
    : new Float32Array(data.slice().buffer);
}

/** A float32 tensor with these values. */
export function rawTensor(values: Float32Array, shape: readonly number[]): RawTensor {
  return {
    dtype: 'F32',
    shape: [...shape],
    data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  };
}
