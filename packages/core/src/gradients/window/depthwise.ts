import {
  DepthwiseConv2dNative,
  type DepthwiseConv2dNativeAttrs,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  engine,
  type GradConfig,
  type NamedAttrMap,
  type NamedTensorMap,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { requireKernels } from '../../capabilities.js';
import { ValueError } from '../../errors.js';
import { entry } from '../entry.js';

function run(kernel: string, inputs: NamedTensorMap, attributes: object): Tensor {
  requireKernels([
    {
      feature: 'gradients of depthwise convolutions',
      kernels: [kernel],
      wayOut: "Call useFastWasm() from '@sshn/backend-wasm'.",
    },
  ]);
  return engine().runKernel(kernel, inputs, attributes as NamedAttrMap);
}

/** Depthwise convolutions, by the backend's own kernels, none of which knows dilations. */
export const depthwise: readonly GradConfig[] = [
  entry<DepthwiseConv2dNativeAttrs>(DepthwiseConv2dNative, {
    save: ['x', 'filter'],
    gradients: (dy, [x, filter], attributes) => {
      const { strides, pad, dimRoundingMode } = attributes;
      const dilations = attributes.dilations ?? 1;
      if ([dilations].flat().some((dilation) => dilation > 1)) {
        throw new ValueError({
          where: 'gradient of depthwiseConv2d: dilations',
          got: dilations,
          expected: '1',
        });
      }
      const layout = { strides, pad, dilations, dimRoundingMode };
      return {
        x: () =>
          run(
            DepthwiseConv2dNativeBackpropInput,
            { dy, filter: filter! },
            { ...layout, inputShape: x!.shape },
          ),
        filter: () =>
          run(DepthwiseConv2dNativeBackpropFilter, { x: x!, dy }, { ...layout, filterShape: filter!.shape }),
      };
    },
  }),
];
