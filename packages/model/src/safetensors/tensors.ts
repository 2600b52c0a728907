import { FileError, ValueError } from '@sshn/core';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { RawTensor } from './format.js';

/**
 * Reads float32 tensors off their backend, bit by bit as they are. Keys get a prefix.
 *
 * @throws {ValueError} if a tensor is not float32.
 */
export async function rawTensors(
  tensors: ReadonlyMap<string, Tensor>,
  prefix = '',
): Promise<Map<string, RawTensor>> {
  const raw = new Map<string, RawTensor>();
  for (const [path, { dtype }] of tensors) {
    if (dtype !== 'float32') {
      throw new ValueError({ where: `tensor '${path}'`, got: dtype, expected: "dtype 'float32'" });
    }
  }
  for (const [path, source] of tensors) {
    const values = (await source.data()) as Float32Array;
    // Every platform that runs WebAssembly is little-endian, as the file is.
    const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    raw.set(prefix + path, { dtype: 'F32', shape: source.shape, data });
  }
  return raw;
}

/**
 * Tensors on the current backend, with values of their own rather than views into the file. The caller owns them.
 *
 * @throws {FileError} if a tensor is not F32.
 */
export function tensorsFromRaw(raw: ReadonlyMap<string, RawTensor>, source: string): Map<string, Tensor> {
  for (const [name, { dtype }] of raw) {
    if (dtype !== 'F32') {
      throw new FileError({
        path: source,
        problem: `tensor '${name}' is ${dtype}, expected F32`,
        remedy: 'Convert the weights to 32-bit floats.',
      });
    }
  }
  return new Map(
    [...raw].map(([name, { shape, data }]) => [
      name,
      // A copy: views would be misaligned in a foreign file, and on the cpu backend keep all of it alive.
      tensor(new Float32Array(new Uint8Array(data).buffer), [...shape], 'float32'),
    ]),
  );
}

/** @throws {FileError} if a float32 tensor holds NaN or infinity: no network gives anything of use with such weights. */
export function requireFinite(raw: ReadonlyMap<string, RawTensor>, source: string): void {
  for (const [name, { dtype, data }] of raw) {
    if (dtype !== 'F32') continue;
    const bad = new Float32Array(new Uint8Array(data).buffer).find((value) => !Number.isFinite(value));
    if (bad === undefined) continue;
    throw new FileError({
      path: source,
      problem: `tensor '${name}' holds ${bad}, which is no weight`,
      remedy: 'The file is damaged, or of a training that diverged: use another one.',
    });
  }
}
