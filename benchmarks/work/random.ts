import { namedSpecs, type Rng, type SpecNode } from '@sshn/core';
import type { RawTensor } from '@sshn/model';
import type { Tensors } from './work.js';

/** Values drawn evenly from [−√3, √3] · std: mean 0, that standard deviation. */
export function randomTensor(shape: readonly number[], rng: Rng, std = 1): RawTensor {
  const values = new Float32Array(shape.reduce((product, n) => product * n, 1));
  const bound = std * Math.sqrt(3);
  for (let i = 0; i < values.length; i++) values[i] = rng.uniform(-bound, bound);
  return { dtype: 'F32', shape: [...shape], data: new Uint8Array(values.buffer) };
}

/** Labels below `count`, all alike frequent. */
export function randomLabels(shape: readonly number[], count: number, rng: Rng): RawTensor {
  const values = new Int32Array(shape.reduce((product, n) => product * n, 1));
  for (let i = 0; i < values.length; i++) values[i] = rng.integer(count);
  return { dtype: 'I32', shape: [...shape], data: new Uint8Array(values.buffer) };
}

/** Weights of the size that a network starts with; those that start constant vary too, so that none can be left out. */
export function randomWeights(specs: SpecNode, rng: Rng): Tensors {
  return new Map(
    namedSpecs(specs).map(([path, { shape, init }]) => [
      path,
      randomTensor(shape, rng.split(path), init.kind === 'normal' ? init.std : 0.1),
    ]),
  );
}
