import type { Module } from '@sshn/core';
import { dispose, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { ContainerSpecs, Layers } from '../layer.js';
import { childrenOf } from './children.js';

/**
 * Layers one after the other; none at all is the identity. What lies between two layers is freed as soon as the second has
 * read it, unless a gradient needs it.
 *
 * @param layers In the order of their application. Their names become part of their parameters' names.
 * @example
 * const stage = sequential({
 *   first: convolution({ inChannels: 1, outChannels: 8, activation: 'leakyRelu' }),
 *   second: convolution({ inChannels: 8, outChannels: 8, activation: 'leakyRelu' }),
 * });                                              // parameters 'first.kernel', 'first.bias', 'second.kernel', …
 */
export function sequential<const Children extends Layers>(
  layers: Children,
): Module<ContainerSpecs<Children>, Tensor, Tensor>;
export function sequential(layers: Layers): Module {
  const { specs, children } = childrenOf(layers);
  return {
    specs,
    apply: (params, input, at) =>
      tidy(() => {
        let x = input;
        for (const child of children) {
          const next = child.apply(params, x, at);
          if (x !== input && x !== next) dispose(x);
          x = next;
        }
        return x === input ? input.clone() : x;
      }),
  };
}
