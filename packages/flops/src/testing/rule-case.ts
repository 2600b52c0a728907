import { engine, type NamedAttrMap, type Tensor } from '@tensorflow/tfjs-core';
import { type Cost, countFlops } from '../index.js';

/** One use of a kernel, and its work counted by hand. */
export interface RuleCase {
  readonly name: string;
  readonly f: (...inputs: Tensor[]) => unknown;
  readonly shapes: readonly (readonly number[])[];
  readonly macs?: number;
  readonly elementwise?: number;
}

/** 288 elements in 96 positions. */
export const image = [2, 6, 8, 3];
/** 384 elements in 192 positions. */
export const volume = [1, 4, 6, 8, 2];
/** Attributes of a convolution that keeps the size. */
export const same = { strides: 1, pad: 'same', dataFormat: 'NHWC', dilations: 1 };
/** Attributes of a pooling that halves it. */
export const pool = { filterSize: 2, strides: 2, pad: 'same' };

/** What the counter says. */
export function workOf({ f, shapes }: RuleCase): Cost {
  const inputs = shapes.map((shape) => ({ shape }));
  const { macs, flops } = countFlops((...tensors: Tensor[]) => void f(...tensors), inputs as never);
  return { macs, flops };
}

/** A function that runs a kernel which no op runs by itself; its arguments are the inputs named. */
export function runKernel(kernel: string, inputs: readonly string[], attributes: object = {}) {
  return (...tensors: Tensor[]) =>
    engine().runKernel(
      kernel,
      Object.fromEntries(inputs.map((name, i) => [name, tensors[i]!])),
      attributes as NamedAttrMap,
    );
}
