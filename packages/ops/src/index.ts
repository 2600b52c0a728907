export { differentiable, type Passes } from './differentiable.js';
export { requireFeatures, requireSize } from './features.js';
export { transposeMatrices } from './gradients/reduction/products.js';
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
export {
  applyLeakyRelu,
  defaultSlope,
  leakyReluGradient,
  leakyReluOfSum,
  requireSlope,
  type SumKernels,
} from './kernels/activation.js';
export { applyAdaptiveAverage, applyGlobalAverage, channelMean, channelSum } from './kernels/average-pool.js';
export {
  type Dispatch,
  dispatcher,
  type Implementation,
  type InputsOf,
  type Kernel,
  type KernelRule,
  type KernelRules,
  type KernelType,
  type OutputsOf,
  sizeOf,
  type TensorShape,
  type Work,
} from './kernels/contract.js';
export { addBias, applyConvolution, convolutionMacs, padSpatial } from './kernels/convolution.js';
export { applyDense, type DenseInputs, type DenseKernels } from './kernels/dense.js';
export { applyHeads, type HeadsInputs } from './kernels/heads.js';
export {
  applyJoinedConvolution,
  convolvesJoined,
  type JoinedFeatures,
  type JoinKernels,
} from './kernels/join.js';
export {
  type Implementations,
  implementationsOf,
  type Kernels,
  kernelRules,
  type SshnKernel,
} from './kernels/kernels.js';
export { fusedCrossEntropy, fusedSoftDice, type SoftDiceSettings } from './kernels/label-losses.js';
export { boxSum, type LocalNccSettings, localNcc, localNccGradients } from './kernels/local-ncc.js';
export { applyAdaptiveMaximum } from './kernels/maximum-pool.js';
export {
  type AdamGroupSettings,
  type AdamSettings,
  type AdamState,
  adamUpdate,
  adamUpdates,
  euclideanNorm,
  type GroupKernels,
} from './kernels/optimizer.js';
export { interpolationMatrix, interpolationWork, resizeLinear } from './kernels/resize.js';
export { resizeNearest } from './kernels/resize-nearest.js';
export {
  type UnitDifferenceKernels,
  type UnitDifferenceSettings,
  unitDifference,
} from './kernels/unit-difference.js';
export { gradientToPlaces, warpOperation } from './kernels/warp.js';
export {
  type FullSampling,
  type Interpolation,
  interpolations,
  type Padding,
  paddings,
  type Sampling,
} from './kernels/warp-composed.js';
export { readsAtOnce } from './reads-at-once.js';
export { meanAll, meanOver, sumAll } from './reduce.js';
export { repairKernels } from './repairs/repair-kernels.js';
export {
  type ActiveBackend,
  type BackendStarter,
  backendStarter,
  replaceBackend,
  runningBackend,
} from './start-backend.js';
export { valueAndGradients } from './value-and-gradients.js';
