import { type Module, ShapeError, ValueError } from '@sshn/core';
import { concat, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { ContainerSpecs, Layers } from '../layer.js';
import { childrenOf } from './children.js';

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
