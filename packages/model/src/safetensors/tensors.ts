import { FileError, requireBackend, ValueError } from '@sshn/core';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { RawTensor } from './header.js';

/**
 * Float32 tensors as a file stores them, bit by bit as they are. Names get a prefix.
 *
 * @throws {ValueError} if a tensor is not float32, or holds NaN or infinity: what is written can be read again.
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
    const bad = firstBad(values);
    if (bad !== undefined) {
      throw new ValueError({ where: `tensor '${path}'`, got: bad, expected: 'finite numbers' });
    }
    // Every platform that runs WebAssembly is little-endian, as the file is.
    const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    raw.set(prefix + path, { dtype: 'F32', shape: source.shape, data });
  }
  return raw;
}

/**
 * Tensors on the current backend, with values of their own rather than views into the file. The caller owns them.
 *
 * @throws {FileError} if a tensor is not F32, or holds NaN or infinity: no network gives anything of use with such weights.
 * @throws {NoBackendError} if no backend of tfjs is registered.
 */
export function tensorsFromRaw(raw: ReadonlyMap<string, RawTensor>, source: string): Map<string, Tensor> {
  requireBackend(source);
  const values = new Map<string, Float32Array>();
  for (const [name, tensor] of raw) values.set(name, valuesOf(name, tensor, source));
  return new Map(
    [...raw].map(([name, { shape }]) => [name, tensor(values.get(name)!, [...shape], 'float32')]),
  );
}

/** Axes of a tensor of tfjs. */
const mostAxes = 6;

function valuesOf(name: string, { dtype, shape, data }: RawTensor, source: string): Float32Array {
  if (shape.length > mostAxes) {
    throw new FileError({
      path: source,
      problem: `tensor '${name}' has ${shape.length} axes, more than ${mostAxes}`,
      remedy: 'Use a file of weights that sshn wrote.',
    });
  }
  if (dtype !== 'F32') {
    throw new FileError({
      path: source,
      problem: `tensor '${name}' is ${dtype}, expected F32`,
      remedy: 'Convert the weights to 32-bit floats.',
    });
  }
  // A copy: views would be misaligned in a foreign file, and on the cpu backend keep all of it alive.
  const values = new Float32Array(new Uint8Array(data).buffer);
  const bad = firstBad(values);
  if (bad === undefined) return values;
  throw new FileError({
    path: source,
    problem: `tensor '${name}' holds ${bad}, which is no weight`,
    remedy: 'The file is damaged, or of a training that diverged: use another one.',
  });
}

function firstBad(values: Float32Array): number | undefined {
  return values.find((value) => !Number.isFinite(value));
}
