import { type ParamNode, ShapeError, scoped } from '@sshn/core';
import { add, tidy } from '@tensorflow/tfjs-core';
import type { Layer } from './layer.js';

/**
 * A layer with a residual connection around it: y = x' + layer(x), where x' is x or its projection.
 *
 * @param layers.body What is added to the input.
 * @param layers.projection Maps the input to the body's channels, usually a 1×1 convolution; none where they agree.
 * @throws {ShapeError} from `apply`, if the two sides have different shapes.
 *
 * *Source*: He et al., "Deep residual learning for image recognition" (2016).
 */
export function residual(layers: { readonly body: Layer; readonly projection?: Layer }): Layer {
  const { modules, specs } = scoped({ ...layers });
  return {
    specs,
    apply: (params, x, at) =>
      tidy(() => {
        const below = params as Record<string, ParamNode>;
        const change = modules.body.apply(below.body!, x, at);
        const base =
          modules.projection === undefined ? x : modules.projection.apply(below.projection!, x, at);
        if (base.shape.join() !== change.shape.join()) {
          throw new ShapeError({
            where: 'residual',
            got: change.shape,
            expected: `[${base.shape.join(', ')}], the shape of the other side`,
            hint: 'Give a projection, such as a 1×1 convolution, when the body changes the number of channels.',
          });
        }
        return add(base, change);
      }),
  };
}
