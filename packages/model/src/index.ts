export {
  type BackendCandidate,
  type BackendChoice,
  BackendError,
  type BackendMeasurement,
  type BackendStore,
  type ChooseBackendOptions,
  cacheStore,
  chooseBackend,
  storageStore,
} from './backend/choose.js';
export type { Purpose } from './backend/self-test.js';
export { type CalibrateOptions, type CalibrationProgress, calibrate } from './budget/calibrate.js';
export { type Budget, BudgetError, type Choice, isLimited, pick } from './budget/pick.js';
export {
  type AccuracyCostPoint,
  type NamedSetting,
  namedSetting,
  settingKey,
  settingText,
} from './budget/point.js';
export { type PredictedDice, predictDice } from './budget/predicted-dice.js';
export { type FetchOptions, fetchModel } from './fetch-model.js';
export { importWeights, readForeignWeights } from './foreign/foreign-weights.js';
export type { ForeignTensor } from './foreign/torch-file.js';
export { distributions, imageEdge, priorFaults, priorKinds, sizeFaults } from './manifest/options.js';
export { outsideTraining } from './manifest/outside-training.js';
export {
  type Cascade,
  inputSize,
  type Manifest,
  type ManifestInput,
  manifestSchema,
  manifestVersion,
} from './manifest/schema.js';
export { type LoadedModel, loadModel, type Model, type SaveOptions, saveModel } from './model.js';
export { describePlain, networkOf } from './network-of.js';
export { type RunningNetwork, type Runtime, tfjsRuntime } from './runtime.js';
export { requireChecksum, withChecksum } from './safetensors/checksum.js';
export type { Dtype, RawTensor, SafetensorsFile } from './safetensors/header.js';
export { decodeSafetensors, encodeSafetensors } from './safetensors/safetensors.js';
export { rawTensors, tensorsFromRaw } from './safetensors/tensors.js';
