import {
  Conv2D,
  type Conv2DAttrs,
  Conv2DBackpropFilter,
  Conv2DBackpropInput,
  type Conv2DBackpropInputAttrs,
  Conv3D,
  type Conv3DAttrs,
  Conv3DBackpropFilterV2,
  Conv3DBackpropInputV2,
  conv2d,
  conv3d,
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
import { conv2dFilterGradient, conv2dInputGradient } from './conv2d.js';
import { conv3dFilterGradient, conv3dInputGradient } from './conv3d.js';
import { entry } from './entry.js';

/** Runs the backend's kernel, or the composition where there is none or only the plain loops of the cpu backend. */
function kernelOr(
  kernel: string,
  inputs: NamedTensorMap,
  attributes: object,
  composed: () => Tensor,
): Tensor {
  const backend = getBackend();
  if (backend === 'cpu' || getKernel(kernel, backend) == null) return composed();
  return engine().runKernel(kernel, inputs, attributes as NamedAttrMap);
}

function inputGradient2d(dy: Tensor4D, filter: Tensor4D, x: Tensor4D, attributes: Conv2DAttrs): Tensor {
  const composed =
    attributes.dataFormat === 'NHWC' ? conv2dInputGradient(dy, filter, x.shape, attributes) : undefined;
  const { strides, pad, dataFormat, dimRoundingMode } = attributes;
  const layout = { strides, pad, dataFormat, dimRoundingMode, inputShape: x.shape };
  return (
    composed ?? engine().runKernel(Conv2DBackpropInput, { dy, filter }, layout as object as NamedAttrMap)
  );
}

function filterGradient2d(x: Tensor4D, dy: Tensor4D, filter: Tensor4D, attributes: Conv2DAttrs): Tensor {
  const { strides, pad, dataFormat, dimRoundingMode } = attributes;
  const layout = { strides, pad, dataFormat, dimRoundingMode, filterShape: filter.shape };
  const run = () => engine().runKernel(Conv2DBackpropFilter, { x, dy }, layout as object as NamedAttrMap);
  if (dataFormat !== 'NHWC') return run() as Tensor;
  const composed = () => conv2dFilterGradient(x, dy, filter.shape, attributes);
  const isDilated = [attributes.dilations].flat().some((dilation) => dilation > 1);
  return isDilated ? composed() : kernelOr(Conv2DBackpropFilter, { x, dy }, layout, composed);
}

function inputGradient3d(dy: Tensor5D, filter: Tensor5D, x: Tensor5D, attributes: Conv3DAttrs): Tensor {
  const { strides, pad } = attributes;
  const layout = { strides, pad, inputShape: x.shape };
  return (
    conv3dInputGradient(dy, filter, x.shape, attributes) ??
    engine().runKernel(Conv3DBackpropInputV2, { dy, filter }, layout as object as NamedAttrMap)
  );
}

function filterGradient3d(x: Tensor5D, dy: Tensor5D, filter: Tensor5D, attributes: Conv3DAttrs): Tensor {
  const { strides, pad } = attributes;
  const composed = () => conv3dFilterGradient(x, dy, filter.shape, attributes);
  const isDilated = [attributes.dilations].flat().some((dilation) => dilation > 1);
  if (isDilated) return composed();
  return kernelOr(Conv3DBackpropFilterV2, { x, dy }, { strides, pad, filterShape: filter.shape }, composed);
}

/**
 * Convolutions and transposed convolutions, dilated ones too. Overrides the stock gradients, whose kernels are slow
 * (input) or missing (filter) on wasm and which refuse dilations.
 */
export const convolution: readonly GradConfig[] = [
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
        x: () => inputGradient3d(dy as Tensor5D, filter, x, attributes),
        filter: () => filterGradient3d(x, dy as Tensor5D, filter, attributes),
      };
    },
  }),
  entry<Conv3DAttrs>(Conv3DBackpropInputV2, {
    save: ['dy', 'filter'],
    gradients: (ddx, saved, { strides, pad }) => {
      const [dy, filter] = saved as [Tensor5D, Tensor5D];
      const forward: Conv3DAttrs = { strides, pad, dataFormat: 'NDHWC', dilations: 1 };
      return {
        dy: () => conv3d(ddx as Tensor5D, filter, strides, pad),
        filter: () => filterGradient3d(ddx as Tensor5D, dy, filter, forward),
      };
    },
  }),
];
