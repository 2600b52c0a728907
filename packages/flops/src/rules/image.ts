import type { TensorShape } from '@sshn/trace';
import { type FlopRule, input, output, type RuleTable, rulesFor, sizeOf } from './rule.js';

/**
 * Linear interpolation as one pass per spatial axis, at 2 operations per element of the result: 4 in 2D, 6 in 3D.
 *
 * @param result The forward output, or its gradient, `[batch, ...spatial, channels]`.
 */
export function interpolationWork(result: TensorShape): number {
  return 2 * (result.shape.length - 2) * sizeOf(result);
}

/** Free where the nearest pixel is taken. */
const byMethod = (attribute: string): FlopRule => {
  return (node) => ({
    elementwise: node.attributes[attribute] === 'nearest' ? 0 : interpolationWork(output(node)),
  });
};

/** Images on another grid. */
export const imageTransforms: RuleTable = {
  ResizeBilinear: (node) => ({ elementwise: interpolationWork(output(node)) }),
  ResizeBilinearGrad: (node) => ({ elementwise: interpolationWork(input(node, 'dy')) }),
  ResizeNearestNeighborGrad: (node) => ({ elementwise: sizeOf(input(node, 'dy')) }),
  CropAndResize: byMethod('method'),
  Transform: byMethod('interpolation'),
  ...rulesFor(['FlipLeftRight', 'ResizeNearestNeighbor', 'RotateWithOffset'], 'free'),
};
