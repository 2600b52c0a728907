import { sizeOf, type Work } from '@sshn/ops';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { TensorShape } from '../graph.js';

/** Inputs of a kernel by its own names. */
export type Of<Names extends string> = Readonly<Record<Names, TensorShape>>;

/** Shapes of any names; inputs that are a list, as those of Concat, are named '0', '1', … */
export type NamedShapes = { readonly [name: string]: TensorShape };

/** A function as a method is typed: a rule may name its kernel's inputs and attributes, which the engine erases. */
type Method<Arguments extends readonly unknown[], Result> = {
  method(...given: Arguments): Result;
}['method'];

/** What is known of a kernel of tfjs without running it. */
export interface StockRule {
  /** Its outputs: one, or a list for a kernel that returns a list. Throws what tfjs throws where the inputs do not fit. */
  readonly shapes: Method<[inputs: NamedShapes, attributes: object], TensorShape | readonly TensorShape[]>;
  /** What a run computes; 'free' for kernels that only move, copy, choose or make elements: not counted, on purpose. */
  readonly work:
    | 'free'
    | Method<
        [inputs: NamedShapes, attributes: object, outputs: readonly [TensorShape, ...TensorShape[]]],
        Work
      >;
}

/** Rules by kernel. */
export type RuleTable = { readonly [kernel: string]: StockRule };

/** One rule for many kernels. */
export function rulesFor(kernels: readonly string[], rule: StockRule): RuleTable {
  return Object.fromEntries(kernels.map((kernel) => [kernel, rule]));
}

/** What tfjs's helpers ask for who take a tensor and read its shape. */
export function asTensor({ shape }: TensorShape): Tensor {
  return { shape, rank: shape.length } as unknown as Tensor;
}

export function product(factors: readonly number[]): number {
  return factors.reduce((result, n) => result * n, 1);
}

/** A bias and an activation that a kernel applies in the same pass: one operation per output element each. */
export function fusedWork(
  inputs: NamedShapes,
  { activation = 'linear' }: { readonly activation?: string },
  y: TensorShape,
): number {
  const passes = (inputs.bias === undefined ? 0 : 1) + (activation === 'linear' ? 0 : 1);
  return passes * sizeOf(y);
}
