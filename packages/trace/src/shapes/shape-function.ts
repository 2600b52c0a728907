import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import type { TensorShape } from '../graph.js';

/**
 * The outputs of a kernel from its inputs and attributes: one, or a list for a kernel that returns a list.
 *
 * Throws what tfjs throws where the inputs do not fit.
 */
export type ShapeFunction = (
  inputs: { readonly [name: string]: TensorShape },
  attributes: Readonly<NamedAttrMap>,
) => TensorShape | TensorShape[];

/** Shape functions by kernel. */
export type ShapeTable = { readonly [kernel: string]: ShapeFunction };

/** A shape function written with the names of its inputs and the type of its attributes, which the engine erases. */
export function shapeOf<Inputs extends string, Attributes = unknown>(
  outputs: (
    inputs: Readonly<Record<Inputs, TensorShape>>,
    attributes: Attributes,
  ) => TensorShape | TensorShape[],
): ShapeFunction {
  return outputs as unknown as ShapeFunction;
}

/** One shape function for many kernels. */
export function shapesOf(kernels: readonly string[], outputs: ShapeFunction): ShapeTable {
  return Object.fromEntries(kernels.map((kernel) => [kernel, outputs]));
}

/** What tfjs's helpers ask for who take a tensor and read its shape. */
export function asTensor({ shape }: TensorShape): Tensor {
  return { shape, rank: shape.length } as unknown as Tensor;
}
