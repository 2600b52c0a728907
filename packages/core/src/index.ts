export { type Requirement, readsAtOnce, requireKernels } from './capabilities.js';
export { requireIntegers, requireOption } from './check.js';
export { dispatch, type SshnKernel } from './dispatch.js';
export {
  CapabilityError,
  FileError,
  nearestWord,
  OptionError,
  ShapeError,
  SshnError,
  StructureError,
  ValueError,
} from './errors.js';
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
export { initialize, kaimingNormal, ones, zeros } from './initializers.js';
export type { Module, SpecsOf } from './module.js';
export { nextTask } from './next-task.js';
export {
  ConfigError,
  checkOptions,
  describeOption,
  type GivenOptions,
  isNumber,
  leavesOf,
  type NumberType,
  type Option,
  type OptionFault,
  type OptionLeaf,
  type Options,
  type OptionType,
  option,
  readOptions,
  requireOptions,
  type ValuesOf,
} from './options.js';
export {
  checkParams,
  comparePaths,
  countParams,
  type Initializer,
  isParamSpec,
  namedParams,
  namedSpecs,
  type ParamNode,
  type ParamRole,
  type ParamSpec,
  type ParamsOf,
  paramTree,
  type SpecNode,
  type SpecTree,
} from './params.js';
export { repairKernels } from './repairs/repair-kernels.js';
export {
  conditioned,
  type Factor,
  factorAt,
  inTraining,
  type Rescaling,
  rescaledSize,
  rescaling,
  type Training,
} from './rescaling.js';
export { Rng, type RngState } from './rng.js';
export { currentScope, inScope, type ModuleTree, type SpecsIn, scoped, watchScopes } from './scope.js';
export { valueAndGradients } from './tape.js';
