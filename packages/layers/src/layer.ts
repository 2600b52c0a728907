import type { ParamNode, Rescaling, SpecNode, SpecsIn } from '@sshn/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** Any module that maps one tensor to one tensor, whatever its parameters: what containers hold, and what they are. */
export interface Layer {
  readonly specs: SpecNode;
  apply(params: ParamNode, x: Tensor, at: Rescaling): Tensor;
}

/** Layers with names, or a list, which names them '0', '1', … */
export type Layers = readonly Layer[] | { readonly [name: string]: Layer };

/** The specs of a container: those of its layers, under their names. */
export type ContainerSpecs<Children extends Layers> = Extract<SpecsIn<Children>, SpecNode>;

/** The specs of a layer without parameters. */
export type NoSpecs = { readonly [name: string]: never };
