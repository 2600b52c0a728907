import {
  Conv2D,
  type Conv2DAttrs,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  type Conv2DBackpropInputAttrs,
  Conv3D,
  type Conv3DAttrs,
  Conv3DBackpropInputV2,
  conv2d,
  conv3d,
  DepthwiseConv2dNative,
  type DepthwiseConv2dNativeAttrs,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  engine,
  type GradConfig,
  getBackend,
  getKernel,
  type NamedAttrMap,
  type NamedTensorMap,
  type Tensor,
  type Tensor4D,
  type Tensor5D,
} from '@tensorflow/tfjs-core';
import { entry } from '../entry.js';
import { conv2dFilterGradient, conv2dInputGradient } from './conv2d.js';
import { conv3dFilterGradient, conv3dInputGradient } from './conv3d.js';
import { depthwiseFilterGradient, depthwiseInputGradient } from './depthwise.js';

const run = (kernel: string, inputs: NamedTensorMap, attributes: object): Tensor =>
  engine().runKernel(kernel, inputs, attributes as NamedAttrMap);

const exceedsOne = (values: number | number[]): boolean => [values].flat().some((value) => value > 1);

/** Whether a backend has a gradient kernel that is better than the composition; that of cpu is plain loops. */
function hasKernel(kernel: string): boolean {
  return getBackend() !== 'cpu' && getKernel(kernel, getBackend()) != null;
}

function inputGradient2d(dy: Tensor4D, filter: Tensor4D, x: Tensor4D, attributes: Conv2DAttrs): Tensor {
  const { strides, pad, dataFormat, dimRoundingMode } = attributes;
  // With strides, the composition convolves mostly zeros.
  if (dataFormat === 'NCHW' || (exceedsOne(strides) && hasKernel(Conv2DBackpropInput))) {
    const layout = { strides, pad, dataFormat, dimRoundingMode, inputShape: x.shape };
    return run(Conv2DBackpropInput, { dy, filter }, layout);
  }
  return conv2dInputGradient(dy, filter, x.shape, attributes);
}

function filterGradient2d(x: Tensor4D, dy: Tensor4D, filter: Tensor4D, attributes: Conv2DAttrs): Tensor {
  const { strides, pad, dataFormat, dimRoundingMode, dilations } = attributes;
  if (dataFormat === 'NCHW' || (!exceedsOne(dilations) && hasKernel(Conv2DBackpropFilter))) {
    const layout = { strides, pad, dataFormat, dimRoundingMode, filterShape: filter.shape };
    return run(Conv2DBackpropFilter, { x, dy }, layout);
  }
  return conv2dFilterGradient(x, dy, filter.shape, attributes);
}

function depthwiseGradients(
  x: Tensor4D,
  filter: Tensor4D,
  dy: Tensor4D,
  attributes: DepthwiseConv2dNativeAttrs,
) {
  const { strides, pad, dimRoundingMode, dilations = 1 } = attributes;
  const layout = { strides, pad, dimRoundingMode, dilations };
  // The kernels know no dilations and would ignore them.
  const useKernel = (kernel: string) => !exceedsOne(dilations) && hasKernel(kernel);
  return {
    x: () =>
      useKernel(DepthwiseConv2dNativeBackpropInput)
        ? run(DepthwiseConv2dNativeBackpropInput, { dy, filter }, { ...layout, inputShape: x.shape })
        : depthwiseInputGradient(dy, filter, x.shape, { ...attributes, dilations }),
    filter: () =>
      useKernel(DepthwiseConv2dNativeBackpropFilter)
        ? run(DepthwiseConv2dNativeBackpropFilter, { x, dy }, { ...layout, filterShape: filter.shape })
        : depthwiseFilterGradient(x, dy, filter.shape, { ...attributes, dilations }),
  };
}

/**
 * Convolutions (full, depthwise, transposed), dilated ones too. Overrides the stock gradients, which refuse dilations,
 * whose 2D kernels are slow (input) or missing (filter, depthwise) on wasm, and whose 3D kernels are wrong for strides
 * and for some filters on cpu and wasm.
 */
export const convolution = (): readonly GradConfig[] => [
  entry<Conv2DAttrs>(Conv2D, {
    save: ['x', 'filter'],
    gradients: (dy, saved, attributes) => {
      const [x, filter] = saved as [Tensor4D, Tensor4D];
      return {
        x: () => inputGradient2d(dy as Tensor4D, filter, x, attributes),
        filter: () => filterGradient2d(x, dy as Tensor4D, filter, attributes),
      };
    },
  }),
  entry<Conv2DBackpropInputAttrs>(Conv2DBackpropInput, {
    save: ['dy', 'filter'],
    gradients: (ddx, saved, attributes) => {
      const [dy, filter] = saved as [Tensor4D, Tensor4D];
      const { strides, pad, dataFormat, dimRoundingMode } = attributes;
      const forward = { ...attributes, dilations: 1 };
      return {
        dy: () => conv2d(ddx as Tensor4D, filter, strides, pad, dataFormat, 1, dimRoundingMode),
        filter: () => filterGradient2d(ddx as Tensor4D, dy, filter, forward),
      };
    },
  }),
  entry<Conv3DAttrs>(Conv3D, {
    save: ['x', 'filter'],
    gradients: (dy, saved, attributes) => {
      const [x, filter] = saved as [Tensor5D, Tensor5D];
      return {
        x: () => conv3dInputGradient(dy as Tensor5D, filter, x.shape, attributes),
        filter: () => conv3dFilterGradient(x, dy as Tensor5D, filter.shape, attributes),
      };
    },
  }),
  entry<Conv3DAttrs>(Conv3DBackpropInputV2, {
    save: ['dy', 'filter'],
    gradients: (ddx, saved, { strides, pad }) => {
      const [dy, filter] = saved as [Tensor5D, Tensor5D];
      return {
        dy: () => conv3d(ddx as Tensor5D, filter, strides, pad),
        filter: () => conv3dFilterGradient(ddx as Tensor5D, dy, filter.shape, { strides, pad }),
      };
    },
  }),
  entry<DepthwiseConv2dNativeAttrs>(DepthwiseConv2dNative, {
    save: ['x', 'filter'],
    gradients: (dy, saved, attributes) => {
      const [x, filter] = saved as [Tensor4D, Tensor4D];
      return depthwiseGradients(x, filter, dy as Tensor4D, attributes);
    },
  }),
];
