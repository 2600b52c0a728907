import {
  engine,
  type KernelFunc,
  type NamedAttrMap,
  type NamedTensorMap,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core';

/** The tfjs backend that our kernels are registered for. */
export const BACKEND = 'wasm';

/** Why a kernel is composed: stock tfjs lacks it, has it slow, or has it wrong. */
export type Reason = 'missing' | 'slow' | 'wrong';

/** The kernel of stock tfjs, as a function of tensors. */
export type Stock = (inputs: NamedTensorMap, attributes: object) => Tensor;

/** A tfjs kernel made of others. */
export interface ComposedKernel {
  readonly kernelName: string;
  readonly reason: Reason;
  /** @param stock The kernel that stood there before, for what the composition does not cover. */
  compute(inputs: NamedTensorMap, attributes: NamedAttrMap, stock: Stock): Tensor;
}

/** A `ComposedKernel` with its own types of inputs and attributes, which tfjs guarantees. */
export function composedKernel<Inputs, Attributes>(
  kernelName: string,
  reason: Reason,
  compute: (inputs: Inputs, attributes: Attributes, stock: Stock) => Tensor,
): ComposedKernel {
  return {
    kernelName,
    reason,
    compute: (inputs, attributes, stock) => compute(inputs as Inputs, attributes as Attributes, stock),
  };
}

/** A composed kernel as tfjs calls it; what it computes on the way is freed. */
export function kernelFunction({ compute }: ComposedKernel, previous: KernelFunc | undefined): KernelFunc {
  const stock: Stock = (inputs, attributes) => {
    const backend = engine().backend;
    // Only kernels that tfjs has call back; see the registry.
    const result = previous!({ inputs, attrs: attributes as NamedAttrMap, backend });
    return engine().makeTensorFromTensorInfo(Array.isArray(result) ? result[0]! : result);
  };
  return ({ inputs, attrs }) => tidy(() => compute(inputs as NamedTensorMap, attrs ?? {}, stock));
}
