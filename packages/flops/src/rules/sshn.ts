import type { SshnKernel } from '@sshn/ops';
import type { GraphNode, TensorShape } from '@sshn/trace';
import { convolutionMacs } from './convolution.js';
import { interpolationWork } from './image.js';
import { type FlopRule, input, output, sizeOf } from './rule.js';

/** The kernels that @sshn names itself: as their compositions from ordinary kernels. */
export const sshn: { readonly [kernel in SshnKernel]: FlopRule } = {
  SshnConv: (node) => {
    const passes = node.attributes.slope === 1 ? 1 : 2; // bias, and LeakyReLU where there is one
    return {
      macs: convolutionMacs(output(node), input(node, 'kernel')),
      elementwise: passes * sizeOf(output(node)),
    };
  },
  SshnConvGradInput: (node) => ({ macs: convolutionMacs(input(node, 'dy'), input(node, 'kernel')) }),
  SshnConvGradKernel: (node) => ({ macs: convolutionMacs(input(node, 'dy'), output(node)) }),
  SshnConvGradBias: (node) => ({ elementwise: sizeOf(input(node, 'dy')) }),
  SshnConvGradRectifier: (node) => ({ elementwise: 2 * sizeOf(output(node)) }),
  SshnLeakyReluGrad: (node) => ({ elementwise: sizeOf(output(node)) }),
  SshnResize: (node) => ({ elementwise: interpolationWork(output(node)) }),
  SshnResizeGrad: (node) => ({ elementwise: interpolationWork(input(node, 'dy')) }),
  SshnAveragePool: (node) => ({ elementwise: windowedWork(input(node, 'x'), output(node)) }),
  SshnAveragePoolGrad: (node) => ({ elementwise: windowedWork(output(node), input(node, 'dy')) }),
  SshnMaximumPool: (node) => ({ elementwise: windowedWork(input(node, 'x'), output(node)) }),
  SshnMaximumPoolGrad: (node) => ({ elementwise: windowedWork(output(node), input(node, 'dy')) }),
  SshnBoxSum: (node) => ({ elementwise: boxSumWork(output(node)) }),
  // a², b², ab; the sums of 5 maps; covariance and variances: 2 for each mean, 6, clamped: 2, and the correlation with its
  // slopes and what the means take back: 20.
  SshnLocalNcc: (node) => ({
    elementwise: 33 * sizeOf(input(node, 'moved')) + 5 * boxSumWork(input(node, 'moved')),
  }),
  // The sums of 5 maps; two products, two sums and the share for each image.
  SshnLocalNccGrad: (node) => ({
    elementwise: 10 * sizeOf(input(node, 'moved')) + 5 * boxSumWork(input(node, 'moved')),
  }),
  SshnHead: (node) => ({ macs: sizeOf(input(node, 'weight')) }),
  SshnHeadGradWeight: (node) => ({ macs: sizeOf(output(node)) }),
  SshnHeadGradHidden: (node) => ({ macs: sizeOf(input(node, 'weight')) }),
  // Softmax: 5; gradient: difference to the label, division by the number of pixels.
  SshnCrossEntropy: (node) => ({ elementwise: 7 * sizeOf(input(node, 'logits')) }),
  // Softmax: 5; sums of p·y, p and y: 2, 2, 1; gradient to p: 3; through softmax, p·(g − Σ g·p): 4.
  SshnSoftDice: (node) => ({ elementwise: 17 * sizeOf(input(node, 'logits')) }),
  // A product and a sum for each of the 2^rank voxels around; where the nearest is picked, nothing.
  SshnWarp: (node) => ({ elementwise: warpWork(node, sizeOf(output(node))) }),
  SshnWarpGradImage: (node) => ({ elementwise: warpWork(node, sizeOf(input(node, 'dy'))) }),
  // The same, then a product and a sum for each axis.
  SshnWarpGradField: (node) => ({
    elementwise: warpWork(node, sizeOf(input(node, 'dy')) + sizeOf(output(node))),
  }),
  // A square and a sum for each entry.
  SshnGlobalNorm: ({ inputs }) => ({
    elementwise: Object.values(inputs).reduce((sum, tensor) => sum + 2 * sizeOf(tensor), 0),
  }),
  // m: 3, v: 4, both corrections: 2, root, ε, quotient, step, difference: 5; two more for the decay of weights.
  SshnAdam: (node) => ({ elementwise: sizeOf(output(node)) * (node.attributes.weightDecay === 0 ? 14 : 16) }),
};

/** Running sums over windows: one addition and one subtraction along each axis. */
function boxSumWork(x: TensorShape): number {
  return 2 * (x.shape.length - 2) * sizeOf(x);
}

/** Operations on `values` that each come from, or go to, the voxels around a place. */
function warpWork(node: GraphNode, values: number): number {
  const spatialRank = input(node, 'field').shape.length - 2;
  return node.attributes.interpolation === 'nearest' ? 0 : 2 ** (spatialRank + 1) * values;
}

/** Adaptive pooling: one operation per pixel of every window, which overlap by up to a pixel where sizes do not divide. */
function windowedWork(large: TensorShape, small: TensorShape): number {
  return large.shape.reduce((product, from, axis) => {
    const to = small.shape[axis]!;
    if (axis === 0 || axis === large.shape.length - 1) return product * from;
    let pixels = 0;
    for (let i = 0; i < to; i++) pixels += Math.ceil(((i + 1) * from) / to) - Math.floor((i * from) / to);
    return product * pixels;
  }, 1);
}
