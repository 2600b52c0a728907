export { firstNonFinite, requireBackend, requireIntegers, requireOption, requireRank } from './check.js';
export { crc32 } from './crc32.js';
export {
  CapabilityError,
  ConfigError,
  describeFaults,
  FileError,
  NoBackendError,
  nearestWord,
  OptionError,
  ShapeError,
  SshnError,
  StructureError,
  ValueError,
} from './errors.js';
export { initialize, kaimingNormal, ones, zeros } from './initializers.js';
export {
  type Module,
  type Narrowable,
  type Network,
  type NoSpecs,
  networkAt,
  type PlainNetwork,
  type SpecsOf,
} from './module.js';
export { nextTask } from './next-task.js';
export { describeOption, leavesOf, type OptionLeaf } from './options/describe.js';
export {
  type GivenOptions,
  type NumberType,
  type Option,
  type OptionFault,
  type Options,
  type OptionType,
  option,
  partial,
  required,
  type ValuesOf,
} from './options/option.js';
export { checkOptions, isNumber, readOptions, requireOptions } from './options/read.js';
export {
  checkParams,
  checkShapes,
  comparePaths,
  countParams,
  disposeParams,
  type Initializer,
  isParamSpec,
  likeParams,
  mapParams,
  namedParams,
  namedSpecs,
  type ParamNode,
  type ParamRole,
  type ParamSpec,
  type ParamsOf,
  paramTree,
  type SpecNode,
  type SpecTree,
  treeOf,
} from './params.js';
export { Rng, type RngState } from './rng.js';
export {
  currentScope,
  inScope,
  type ModuleTree,
  observeScopes,
  type SpecsIn,
  scoped,
  watchScopes,
} from './scope.js';
export {
  type Factor,
  factorAt,
  rescaledSize,
  type Setting,
  type SettingOptions,
  setting,
} from './setting.js';
export { percentileOf, rangeOf } from './statistics.js';
