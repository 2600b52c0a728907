import type { RawTensor } from '@sshn/model';
import { floats, rawTensor } from '../../work/values.js';

/** Reorders the axes of a float32 tensor: axis i of the result is axis `order[i]` of `x`. */
export function permuted(x: RawTensor, order: readonly number[]): RawTensor {
  const strides = x.shape.map((_, axis) => x.shape.slice(axis + 1).reduce((product, n) => product * n, 1));
  const shape = order.map((axis) => x.shape[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  const from = floats(x);
  const to = new Float32Array(from.length);
  let at = 0;
  const copy = (axis: number, offset: number): void => {
    const [count, step] = [shape[axis]!, steps[axis]!];
    if (axis === shape.length - 1) for (let i = 0; i < count; i++) to[at++] = from[offset + i * step]!;
    else for (let i = 0; i < count; i++) copy(axis + 1, offset + i * step);
  };
  copy(0, 0);
  return rawTensor(to, shape);
}

/** `[batch, ...spatial, channels]` to `[batch, channels, ...spatial]`. */
export function channelsFirst(x: RawTensor): RawTensor {
  const last = x.shape.length - 1;
  return permuted(x, [0, last, ...range(1, last)]);
}

/** `[batch, channels, ...spatial]` to `[batch, ...spatial, channels]`. */
export function channelsLast(x: RawTensor): RawTensor {
  return permuted(x, [0, ...range(2, x.shape.length), 1]);
}

/** `[...window, in, out]` to `[out, in, ...window]`. */
export function outputsFirst(kernel: RawTensor): RawTensor {
  const window = kernel.shape.length - 2;
  return permuted(kernel, [window + 1, window, ...range(0, window)]);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
