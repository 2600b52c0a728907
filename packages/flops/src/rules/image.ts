import { interpolationWork } from '@sshn/ops';
import { type FlopRule, input, output, type RuleTable, rulesFor, sizeOf } from './rule.js';

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
