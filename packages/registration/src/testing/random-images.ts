import { Rng } from '@sshn/core';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';

/** Two images of one shape with values in [0, 1], the second half alike the first. */
export function randomPair(shape: readonly number[], seed = 1): [moved: Tensor, fixed: Tensor] {
  const rng = Rng.fromSeed(seed);
  const size = shape.reduce((product, length) => product * length, 1);
  const first = Float32Array.from({ length: size }, () => rng.uniform(0, 1));
  const second = first.map((value) => 0.5 * value + rng.uniform(0, 0.5));
  return [tensor(first, [...shape]), tensor(second, [...shape])];
}

/** A field `[batch, ...size, dimensions]` with displacements from N(0, 1). */
export function randomField(batch: number, size: readonly number[], seed = 1): Tensor {
  const rng = Rng.fromSeed(seed);
  const shape = [batch, ...size, size.length];
  const count = shape.reduce((product, length) => product * length, 1);
  return tensor(
    Float32Array.from({ length: count }, () => rng.normal()),
    shape,
  );
}

/** The values of one sample and channel of `[batch, ...spatial, channels]`, in float64. */
export function channelOf(x: Tensor, sample: number, channel: number): number[] {
  const channels = x.shape.at(-1)!;
  const voxels = x.size / channels / x.shape[0]!;
  const values = x.dataSync();
  return Array.from({ length: voxels }, (_, i) => values[(sample * voxels + i) * channels + channel]!);
}
