export {
  type BackendCandidate,
  type BackendChoice,
  BackendError,
  type BackendMeasurement,
  type ChooseBackendOptions,
  chooseBackend,
} from './backend/choose.js';
export { type BackendStore, cacheStore, storageStore } from './backend/store.js';
export type { Purpose } from './backend/time-network.js';
export { type CalibrateOptions, type CalibrationProgress, calibrate } from './budget/calibrate.js';
export type { Budget } from './budget/limits.js';
export { type Choice, pick } from './budget/pick.js';
export type { AccuracyCostPoint } from './budget/point.js';
export {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  type LoadedCheckpoint,
  type Progress,
} from './checkpoint.js';
export { fetchModel } from './fetch-model.js';
export { SchemaError } from './manifest/faults.js';
export {
  type Json,
  type Manifest,
  type ManifestInput,
  manifestSchema,
  manifestVersion,
} from './manifest/schema.js';
export { type LoadedModel, loadModel, type Model, saveModel } from './model.js';
export { networkOf } from './network-of.js';
export { decodeSafetensors } from './safetensors/decode.js';
export { encodeSafetensors } from './safetensors/encode.js';
export type { Dtype, RawTensor, SafetensorsFile } from './safetensors/format.js';
