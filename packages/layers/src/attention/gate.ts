import { channelMean } from '@sshn/ops';
import { customGrad, type GradSaveFunc, mul, reshape, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';

/**
 * Features times a gate that is the same for all positions, or for all channels: y = x · gate, broadcast.
 *
 * The gradient to the gate is a reduction along contiguous memory or an average pooling, where the one of `mul` would
 * transpose the features first.
 *
 * @param x `[batch, ...spatial, channels]`.
 * @param gate `[batch, 1, …, 1, channels]` or `[batch, ...spatial, 1]`.
 */
export function applyGate(x: Tensor, gate: Tensor): Tensor {
  const op = customGrad((...args: Array<Tensor | GradSaveFunc>) => {
    const [features, weights, save] = args as [Tensor, Tensor, GradSaveFunc];
    save([features, weights]);
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const [savedFeatures, savedWeights] = saved as [Tensor, Tensor];
      return [mul(dy, savedWeights), tidy(() => sumTo(mul(dy, savedFeatures), gate.shape))];
    };
    return { value: mul(features, weights), gradFunc };
  });
  return op(x, gate);
}

function sumTo(x: Tensor, shape: number[]): Tensor {
  if (shape.join() === x.shape.join()) return x;
  if (shape.at(-1) !== x.shape.at(-1)) return sum(x, -1, true);
  const positions = x.size / (shape[0]! * shape.at(-1)!);
  return reshape(mul(channelMean(x), positions), shape);
}
