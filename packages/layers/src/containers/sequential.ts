import { type ParamNode, scoped } from '@sshn/core';
import { tidy } from '@tensorflow/tfjs-core';
import type { Layer, Layers } from './layer.js';

/**
 * Layers one after the other.
 *
 * @example
 * const stage = sequential({ first: convolution(…), second: convolution(…) });   // 'first.kernel', 'second.kernel'
 */
export function sequential(layers: Layers): Layer {
  const { modules, specs } = scoped(layers);
  return {
    specs,
    apply: (params, input, at) =>
      tidy(() => {
        let x = input;
        for (const [name, layer] of Object.entries(modules)) {
          x = layer.apply((params as Record<string, ParamNode>)[name]!, x, at);
        }
        return x === input ? input.clone() : x;
      }),
  };
}
