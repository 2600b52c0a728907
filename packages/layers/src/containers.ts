import {
  type Module,
  type ParamNode,
  type Setting,
  ShapeError,
  type SpecNode,
  type SpecsIn,
  scoped,
  ValueError,
} from '@sshn/core';
import { leakyReluOfSum } from '@sshn/ops';
import { add, concat, dispose, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { type ActivationConfig, activationSlope } from './activation.js';

/** Layers with names, or a list, which names them '0', '1', … */
export type Layers = readonly Module[] | { readonly [name: string]: Module };

/** The specs of a container: those of its layers, under their names. */
export type ContainerSpecs<Children extends Layers> = Extract<SpecsIn<Children>, SpecNode>;

/**
 * Layers one after the other; none at all is the identity. What lies between two layers is freed as soon as the second has
 * read it, unless a gradient needs it.
 *
 * @param layers In the order of their application. Their names become part of their parameters' names.
 * @param options.freesInput Frees the input too as soon as the first layer has read it, of joined features the skip. @default false
 * @example
 * const stage = sequential({
 *   first: convolution({ inChannels: 1, outChannels: 8, activation: 'leakyRelu' }),
 *   second: convolution({ inChannels: 8, outChannels: 8, activation: 'leakyRelu' }),
 * });                                              // parameters 'first.kernel', 'first.bias', 'second.kernel', …
 */
export function sequential<const Children extends Layers>(
  layers: Children,
  options?: { readonly freesInput?: boolean },
): Module<ContainerSpecs<Children>, Tensor, Tensor>;
export function sequential(layers: Layers, { freesInput = false } = {}): Module {
  const { specs, children } = childrenOf(layers);
  return {
    specs,
    apply: (params, input, at) =>
      tidy(() => {
        let x = input;
        for (const child of children) {
          const next = child.apply(params, x, at);
          if (x !== next && (freesInput || x !== input)) dispose('skip' in x ? (x.skip as Tensor) : x);
          x = next;
        }
        return x === input ? input.clone() : x;
      }),
  };
}

/** The two sides of a residual connection. */
export type ResidualLayers = {
  /** What is added to the input. */
  readonly body: Module;
  /** Maps the input to the body's channels, usually a 1×1 convolution; left out where they agree. */
  readonly projection?: Module;
};

/**
 * A layer with a residual connection around it: y = a(x' + body(x)), where x' is x or its projection, and a the activation if there is one.
 *
 * @throws {OptionError} for an unknown activation. @throws {ValueError} if the slope is outside [0, 1] or without use.
 * @throws {ShapeError} from `apply`, if the two sides have different shapes.
 * @example
 * const block = residual({
 *   body: sequential([convolution({ inChannels: 4, outChannels: 8 }), leakyRelu()]),
 *   projection: convolution({ inChannels: 4, outChannels: 8, kernelSize: 1 }),
 * });                                              // parameters 'body.0.kernel', …, 'projection.bias'
 *
 * *Source*: He et al., "Deep residual learning for image recognition" (2016).
 */
export function residual<const Sides extends ResidualLayers>(
  layers: Sides,
  config?: ActivationConfig,
): Module<ContainerSpecs<Sides>, Tensor, Tensor>;
export function residual({ body, projection }: ResidualLayers, config: ActivationConfig = {}): Module {
  const slope = activationSlope('residual', config);
  const { specs, children } = childrenOf(projection === undefined ? { body } : { body, projection });
  const [change, base] = children;
  return {
    specs,
    apply: (params, x, at) =>
      tidy(() => {
        const added = change!.apply(params, x, at);
        const kept = base === undefined ? x : base.apply(params, x, at);
        if (kept.shape.join() !== added.shape.join()) {
          throw new ShapeError({
            where: 'residual: output of the body',
            got: added.shape,
            expected: `[${kept.shape.join(', ')}], the shape of ${base === undefined ? 'the input' : 'the projection'}`,
            hint: 'Give a projection, such as a 1×1 convolution, when the body changes the number of channels.',
          });
        }
        return slope === 1 ? add(kept, added) : leakyReluOfSum(kept, added, slope);
      }),
  };
}

/**
 * Layers side by side on the same input, their outputs joined along the channels in the order given.
 *
 * Input `[batch, ...spatial, channels]`, output with the sum of the layers' output channels.
 *
 * @throws {ValueError} if there is no layer.
 * @throws {ShapeError} from `apply`, if the outputs differ in more than their channels.
 * @example
 * const scales = concatenate({
 *   fine: convolution({ inChannels: 4, outChannels: 8 }),
 *   wide: convolution({ inChannels: 4, outChannels: 8, kernelSize: 7 }),
 * });                                              // [1, 64, 64, 4] -> [1, 64, 64, 16]
 */
export function concatenate<const Children extends Layers>(
  layers: Children,
): Module<ContainerSpecs<Children>, Tensor, Tensor>;
export function concatenate(layers: Layers): Module {
  const { specs, children } = childrenOf(layers);
  if (children.length === 0)
    throw new ValueError({ where: 'concatenate', got: layers, expected: 'at least one layer' });
  return {
    specs,
    apply: (params, x, at) =>
      tidy(() => {
        const outputs = children.map((child) => child.apply(params, x, at));
        const leading = outputs[0]!.shape.slice(0, -1);
        outputs.forEach((output, i) => {
          if (output.shape.slice(0, -1).join() === leading.join()) return;
          throw new ShapeError({
            where: `concatenate: output of layer '${children[i]!.name}'`,
            got: output.shape,
            expected: `[${leading.join(', ')}, channels], as of layer '${children[0]!.name}'`,
          });
        });
        return concat(outputs, leading.length);
      }),
  };
}

/** A layer of a container, which finds its own parameters in those of the container. */
export interface Child {
  readonly name: string;
  apply(params: ParamNode, x: Tensor, at: Setting): Tensor;
}

/** What all containers have in common: children under names, in the order given, and the tree of their specs. */
export function childrenOf(layers: Layers): {
  readonly specs: SpecNode;
  readonly children: readonly Child[];
} {
  const { modules, specs } = scoped(layers);
  const children = Object.entries(modules).map(([name, layer]): Child => {
    return {
      name,
      apply: (params, x, at) => layer.apply((params as Record<string, ParamNode>)[name]!, x, at),
    };
  });
  return { specs, children };
}
