import {
  type DataType,
  engine,
  getBackend,
  getKernel,
  type NamedAttrMap,
  type NamedTensorMap,
  type Tensor,
  type TensorInfo,
} from '@tensorflow/tfjs-core';

/** What a kernel takes and gives: the names of its input tensors, its attributes, the number of its outputs. */
export interface KernelType {
  readonly inputs: string;
  readonly attributes: object;
  readonly outputs: 1 | 2 | 3 | 'many';
}

/** The type of a kernel, written as `Kernel<'x', { size: readonly number[] }>`. */
export interface Kernel<
  Inputs extends string,
  Attributes extends object = object,
  Outputs extends KernelType['outputs'] = 1,
> {
  readonly inputs: Inputs;
  readonly attributes: Attributes;
  readonly outputs: Outputs;
}

/** The inputs of a kernel by name, as tensors or as whatever stands for them. */
export type InputsOf<K extends KernelType, T = Tensor> = { readonly [Name in K['inputs']]: T };

/** The outputs of a kernel: one, a tuple of as many as it has, or a list where inputs decide how many. */
export type OutputsOf<K extends KernelType, T = Tensor> = {
  1: T;
  2: [T, T];
  3: [T, T, T];
  many: T[];
}[K['outputs']];

/** A shape and the type of its elements. */
export interface TensorShape {
  readonly shape: readonly number[];
  readonly dtype: DataType;
}

/** What one run of a kernel computes. */
export interface Work {
  /** Multiply-adds: products that are summed. @default 0 */
  readonly macs?: number;
  /** All other operations: one per element of an activation, two for a difference squared, … @default 0 */
  readonly elementwise?: number;
}

/** What is known of a kernel without running it. */
export interface KernelRule<K extends KernelType> {
  /** The shapes of the outputs, for inputs that fit each other. */
  shapes(inputs: InputsOf<K, TensorShape>, attributes: K['attributes']): OutputsOf<K, TensorShape>;
  /** What a run computes, counted as its composition from ordinary kernels. */
  work(inputs: InputsOf<K, TensorShape>, attributes: K['attributes'], outputs: readonly TensorShape[]): Work;
}

/** A rule for every kernel of a family. */
export type KernelRules<Family> = {
  readonly [Name in keyof Family]: Family[Name] extends KernelType ? KernelRule<Family[Name]> : never;
};

/** How a backend runs a kernel: `device` is what its kernels work on. */
export type Implementation<K extends KernelType, Device> = (
  device: Device,
  inputs: InputsOf<K, TensorInfo>,
  attributes: K['attributes'],
) => OutputsOf<K, TensorInfo>;

/** Runs kernels of one family. */
export type Dispatch<Family> = <Name extends keyof Family & string>(
  kernel: Name,
  inputs: Family[Name] extends KernelType ? InputsOf<Family[Name]> : never,
  attributes: Family[Name] extends KernelType ? Family[Name]['attributes'] : never,
  composed: () => Family[Name] extends KernelType ? OutputsOf<Family[Name]> : never,
) => Family[Name] extends KernelType ? OutputsOf<Family[Name]> : never;

/**
 * The function that runs kernels of a family: that of the current backend, or the composition where it has none.
 *
 * The result carries no gradient: call it inside `differentiable`, or outside of the tape.
 *
 * @example
 * const dispatch = dispatcher<ResizeKernels>();
 * const y = dispatch('SshnResize', { x }, { size }, () => composed(x, size));
 */
/* @__NO_SIDE_EFFECTS__ */
export function dispatcher<Family>(): Dispatch<Family> {
  return dispatchAny as Dispatch<Family>;
}

/** tfjs knows the names and types of no kernel: `Dispatch` has checked them. */
function dispatchAny(kernel: string, inputs: object, attributes: object, composed: () => unknown): unknown {
  if (getKernel(kernel, getBackend()) == null) return composed();
  return engine().runKernel(kernel, inputs as NamedTensorMap, attributes as NamedAttrMap);
}

/** How many elements a tensor has. */
export function sizeOf({ shape }: Pick<TensorShape, 'shape'>): number {
  return shape.reduce((size, length) => size * length, 1);
}
