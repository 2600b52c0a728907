import type { Requirement } from '@sshn/core';

const wayOut = 'Call useFastWasm() from @sshn/backend-wasm.';

/**
 * What training asks of a backend, for `requireKernels` of @sshn/core: one check before the first step, which names
 * everything that is missing.
 *
 * @example
 * requireKernels(trainingRequirements);
 * // Backend 'wasm' lacks kernels:
 * //   training convolutions: Conv2DBackpropFilter
 * //   …
 * // Call useFastWasm() from @sshn/backend-wasm.
 */
export const trainingRequirements: readonly Requirement[] = [
  {
    feature: 'training convolutions',
    kernels: ['Conv2D', 'Conv2DBackpropFilter', 'Conv2DBackpropInput'],
    wayOut,
  },
  {
    feature: 'training depthwise convolutions',
    kernels: ['DepthwiseConv2dNativeBackpropFilter', 'DepthwiseConv2dNativeBackpropInput'],
    wayOut,
  },
  { feature: 'gradients of gathering', kernels: ['UnsortedSegmentSum'], wayOut },
];
