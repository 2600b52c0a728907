export { differentiable, type Passes } from './differentiable.js';
export { dispatch, type SshnKernel } from './dispatch.js';
export { requireFeatures, requireSize } from './features.js';
export { registerGradients } from './gradients/register.js';
export { type Conv2dLayout, conv2dFilterGradient, conv2dInputGradient } from './gradients/window/conv2d.js';
export {
  type Conv3dLayout,
  conv3dBySlices,
  conv3dFilterGradient,
  conv3dInputGradient,
} from './gradients/window/conv3d.js';
export { depthwiseFilterGradient, depthwiseInputGradient } from './gradients/window/depthwise.js';
export {
  averagePoolGradient,
  maximumPool,
  maximumPoolGradient,
  type PoolLayout,
} from './gradients/window/pooling.js';
export { applyLeakyRelu, defaultSlope, leakyReluGradient, requireSlope } from './kernels/activation.js';
export { applyAdaptiveAverage, applyGlobalAverage, channelMean, channelSum } from './kernels/average-pool.js';
export { addBias, applyConvolution, padSpatial } from './kernels/convolution.js';
export { applyAdaptiveMaximum } from './kernels/maximum-pool.js';
export { interpolationMatrix, resizeLinear } from './kernels/resize.js';
export { resizeNearest } from './kernels/resize-nearest.js';
export { readsAtOnce } from './reads-at-once.js';
export { repairKernels } from './repairs/repair-kernels.js';
export {
  type ActiveBackend,
  type BackendStarter,
  backendStarter,
  replaceBackend,
  runningBackend,
} from './start-backend.js';
export { valueAndGradients } from './value-and-gradients.js';
