/**
 * What a trace records: every kernel that ran, in order, with its tensors by shape and type and never by value.
 */
import type { TensorShape } from '@sshn/ops';
import type { BackendValues, NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';

export type { TensorShape };

/** A tensor of a graph. Two references to the same tensor are the same object. */
export interface GraphTensor extends TensorShape {
  /** Unique in its graph. */
  readonly id: number;
  readonly origin: Origin;
}

/** Where a tensor of a graph comes from. */
export type Origin = NodeOutput | InputLeaf | ParameterLeaf | ConstantLeaf | CapturedLeaf;

/** Output number `output` of the node `graph.nodes[node]`. */
export interface NodeOutput {
  readonly kind: 'node';
  readonly node: number;
  readonly output: number;
}

/** A placeholder that was passed to the traced function. */
export interface InputLeaf {
  readonly kind: 'input';
  readonly name: string;
}

/** A weight: a placeholder for a parameter spec, or a variable that the traced function found in its closure. */
export interface ParameterLeaf {
  readonly kind: 'parameter';
  readonly name: string;
  /** The variable, where it is one; it has values. */
  readonly tensor?: Tensor;
}

/** A tensor that the traced function made from numbers, such as `scalar(2)`; holds them, not a copy. */
export interface ConstantLeaf {
  readonly kind: 'constant';
  readonly values: BackendValues;
}

/** A tensor that existed before the trace, on whatever backend; the trace left its values where they are. */
export interface CapturedLeaf {
  readonly kind: 'captured';
  readonly tensor: Tensor;
}

/** One run of a kernel. */
export interface GraphNode {
  /** Its position in `graph.nodes`. */
  readonly index: number;
  readonly kernel: string;
  /** By the kernel's own names; inputs that are a list, as those of Concat, are named '0', '1', … */
  readonly inputs: { readonly [name: string]: GraphTensor };
  readonly outputs: readonly GraphTensor[];
  readonly attributes: Readonly<NamedAttrMap>;
  /** Dotted path of the module that ran it, '' outside of any. */
  readonly scope: string;
}

/** A tensor that the traced function returned, by its path in what it returned; a tensor alone is 'output'. */
export interface GraphOutput {
  readonly name: string;
  readonly tensor: GraphTensor;
}

/** The record of one call of a function. */
export interface Graph {
  /** In the order in which they ran, so each comes after those whose outputs it reads. */
  readonly nodes: readonly GraphNode[];
  /** All placeholders, in the order of the arguments, then constants and captured tensors as they were first read. */
  readonly leaves: readonly GraphTensor[];
  readonly outputs: readonly GraphOutput[];
}
