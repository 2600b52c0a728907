import { type ParamNode, scoped, ValueError } from '@sshn/core';
import { concat, tidy } from '@tensorflow/tfjs-core';
import type { Layer, Layers } from './layer.js';

/**
 * Layers side by side on the same input, their outputs joined along the channels in the order given.
 *
 * @throws {ValueError} if there is no layer.
 * @example
 * const scales = concatenate({ fine: convolution(…), coarse: sequential([downsample({ step: 0 }), …]) });
 */
export function concatenate(layers: Layers): Layer {
  const { modules, specs } = scoped(layers);
  const branches = Object.entries(modules);
  if (branches.length === 0)
    throw new ValueError({ where: 'concatenate', got: layers, expected: 'at least one layer' });
  return {
    specs,
    apply: (params, x, at) =>
      tidy(() => {
        const below = params as Record<string, ParamNode>;
        return concat(
          branches.map(([name, layer]) => layer.apply(below[name]!, x, at)),
          x.rank - 1,
        );
      }),
  };
}
