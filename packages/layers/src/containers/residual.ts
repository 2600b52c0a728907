import { type Module, ShapeError } from '@sshn/core';
import { add, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { ContainerSpecs } from '../layer.js';
import { childrenOf } from './children.js';

/** The two sides of a residual connection. */
export type ResidualLayers = {
  /** What is added to the input. */
  readonly body: Module;
  /** Maps the input to the body's channels, usually a 1×1 convolution; left out where they agree. */
  readonly projection?: Module;
};

/**
 * A layer with a residual connection around it: y = x' + body(x), where x' is x or its projection.
 *
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
): Module<ContainerSpecs<Sides>, Tensor, Tensor>;
export function residual({ body, projection }: ResidualLayers): Module {
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
        return add(kept, added);
      }),
  };
}
