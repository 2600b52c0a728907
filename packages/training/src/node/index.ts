export {
  type CascadeOptions,
  fitCascade,
  type MethodSureness,
  measureSureness,
  type Sureness,
} from './cascade.js';
export { type EvaluateOptions, evaluateRun, timeRun } from './evaluate-run.js';
export { fileKeys, type KeepOptions, keepImages } from './kept-images.js';
export { loadRun, type Run } from './load-run.js';
export { type RunFile, readRunFile } from './run-file.js';
export { dropForeignLock, isLocked, lockRun } from './run-lock.js';
export { type MatchedData, readStoredSplit, type StoredSplit } from './stored-split.js';
export { type TrainRunOptions, trainRun } from './train-run.js';
