import type { Tensor } from '@tensorflow/tfjs-core';

/** Adaptive pooling as its definition says it, in double precision; 3D, with 2D as the case of depth 1. */
export function naivePooling(
  x: Tensor,
  size: readonly number[],
  reduce: (values: readonly number[]) => number,
): number[] {
  const volume = (sizes: readonly number[]) => (sizes.length === 2 ? [1, ...sizes] : [...sizes]);
  const [batch, channels] = [x.shape[0]!, x.shape.at(-1)!];
  const [from, to] = [volume(x.shape.slice(1, -1)), volume(size)];
  const window = (axis: number, i: number) => {
    const begin = Math.floor((i * from[axis]!) / to[axis]!);
    const end = Math.ceil(((i + 1) * from[axis]!) / to[axis]!);
    return Array.from({ length: end - begin }, (_, k) => begin + k);
  };
  const values = x.dataSync();
  const y: number[] = [];
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < to[0]!; i++)
      for (let j = 0; j < to[1]!; j++)
        for (let k = 0; k < to[2]!; k++)
          for (let c = 0; c < channels; c++) {
            const seen = window(0, i).flatMap((p) =>
              window(1, j).flatMap((q) =>
                window(2, k).map(
                  (r) => values[(((b * from[0]! + p) * from[1]! + q) * from[2]! + r) * channels + c]!,
                ),
              ),
            );
            y.push(reduce(seen));
          }
  return y;
}

/** The mean of a window. */
export const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The greatest value of a window. */
export const maximum = (values: readonly number[]): number => Math.max(...values);
