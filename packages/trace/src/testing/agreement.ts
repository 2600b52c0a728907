import {
  engine,
  type NamedAttrMap,
  type NamedTensorMap,
  ones,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import { type Graph, type TensorSpec, trace } from '../index.js';

/** One use of a kernel: a function of tfjs ops, and the tensors to call it with. */
export interface KernelUse {
  readonly kernel: string;
  readonly f: (...inputs: Tensor[]) => Tensor | Tensor[];
  readonly inputs: readonly TensorSpec[];
  /** The backend that gives another type here than cpu, which a trace follows. */
  readonly differsOn?: 'wasm';
}

/** What comes out of a function, by shape and type. */
export interface Outcome {
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** The outputs on the current backend, computed from ones. */
export function computed({ f, inputs }: KernelUse): Outcome[] {
  return tidy(() => {
    const tensors = inputs.map(({ shape, dtype }) => ones([...shape] as number[], dtype));
    return [f(...tensors)].flat().map(({ shape, dtype }) => ({ shape, dtype }));
  });
}

/** The outputs of a trace, and its graph. */
export function traced({ f, inputs }: KernelUse): { outcome: Outcome[]; graph: Graph } {
  const { outputs, graph } = trace((...tensors: Tensor[]) => [f(...tensors)].flat(), inputs as never);
  return { outcome: outputs.map(({ shape, dtype }) => ({ shape, dtype })), graph };
}

/** Runs a kernel that no op runs by itself, such as those of gradients. */
export function runKernel(
  kernel: string,
  inputs: NamedTensorMap | Tensor[],
  attributes: object = {},
): Tensor | Tensor[] {
  return engine().runKernel(kernel, inputs as NamedTensorMap, attributes as NamedAttrMap);
}
