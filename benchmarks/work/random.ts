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

/** A smooth volume `[1, ...size, 1]`: plane waves of 8 to 40 voxels, of random directions and phases. */
export function randomWaves(size: readonly number[], rng: Rng): RawTensor {
  const waves = Array.from({ length: 12 }, () => ({
    direction: size.map(() => (2 * Math.PI * rng.uniform(-1, 1)) / rng.uniform(8, 40)),
    phase: rng.uniform(0, 2 * Math.PI),
  }));
  const [depth, height, width] = size as [number, number, number];
  const values = new Float32Array(depth * height * width);
  for (let i = 0; i < values.length; i++) {
    const [d, h, w] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
    for (const { direction, phase } of waves)
      values[i]! += Math.cos(phase + direction[0]! * d + direction[1]! * h + direction[2]! * w) / 4;
  }
  return { dtype: 'F32', shape: [1, ...size, 1], data: new Uint8Array(values.buffer) };
}
