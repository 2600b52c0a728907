import { FileError, firstNonFinite, requireBackend, ValueError } from '@sshn/core';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { RawTensor } from './header.js';
import { float32Of, halvesOf, largestHalf } from './number-formats.js';

/** How weights are stored. */
export interface RawOptions {
  /** What names begin with. @default '' */
  readonly prefix?: string;
  /** 'float32' keeps every bit, 'float16' rounds to the nearest 16-bit float: half the bytes. @default 'float32' */
  readonly dtype?: 'float32' | 'float16';
}

/**
 * Float32 tensors as a file stores them.
 *
 * @throws {ValueError} if a tensor is not float32, holds NaN or infinity, or numbers beyond ±65504 that are to be 16-bit
 * floats: what is written can be read again.
 */
export async function rawTensors(
  tensors: ReadonlyMap<string, Tensor>,
  { prefix = '', dtype: stored = 'float32' }: RawOptions = {},
): Promise<Map<string, RawTensor>> {
  const raw = new Map<string, RawTensor>();
  for (const [path, { dtype }] of tensors) {
    if (dtype !== 'float32') {
      throw new ValueError({ where: `tensor '${path}'`, got: dtype, expected: "dtype 'float32'" });
    }
  }
  for (const [path, source] of tensors) {
    const values = (await source.data()) as Float32Array;
    const bad = firstNonFinite(values);
    if (bad !== undefined) {
      throw new ValueError({ where: `tensor '${path}'`, got: bad, expected: 'finite numbers' });
    }
    const numbers = stored === 'float16' ? halves(path, values) : values;
    // Every platform that runs WebAssembly is little-endian, as the file is.
    const data = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    raw.set(prefix + path, { dtype: stored === 'float16' ? 'F16' : 'F32', shape: source.shape, data });
  }
  return raw;
}

function halves(path: string, values: Float32Array): Uint16Array {
  const rounded = halvesOf(values);
  const wide = rounded.findIndex((half) => (half & 0x7fff) === 0x7c00);
  if (wide === -1) return rounded;
  throw new ValueError({
    where: `tensor '${path}' as float16`,
    got: values[wide],
    expected: `numbers from -${largestHalf} to ${largestHalf}`,
    hint: 'Save the weights as float32.',
  });
}

/**
 * Tensors on the current backend, with values of their own rather than views into the file. The caller owns them.
 *
 * @throws {FileError} if a tensor is neither F32 nor F16, or holds NaN or infinity: no network gives anything of use with such weights.
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
  const values = dtype === 'F32' || dtype === 'F16' ? float32Of({ dtype, data }) : undefined;
  if (values === undefined) {
    throw new FileError({
      path: source,
      problem: `tensor '${name}' is ${dtype}, expected F32 or F16`,
      remedy: 'Convert the weights to 32-bit floats.',
    });
  }
  const bad = firstNonFinite(values);
  if (bad === undefined) return values;
  throw new FileError({
    path: source,
    problem: `tensor '${name}' holds ${bad}, which is no weight`,
    remedy: 'The file is damaged, or of a training that diverged: use another one.',
  });
}
