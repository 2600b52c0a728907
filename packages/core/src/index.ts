export { requireIntegers, requireOption } from './check.js';
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
export { initialize, kaimingNormal, ones, zeros } from './initializers.js';
export type { Module, SpecsOf } from './module.js';
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
