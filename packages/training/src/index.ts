export { folderOptions } from './config/data.js';
export { knobRanges, usualKnobRanges } from './config/knobs.js';
export { inputOf } from './config/patches.js';
export { middleOf, type Spread } from './config/prior.js';
export { lambdaSpread, type RegistrationConfig } from './config/registration.js';
export {
  parseRunConfig,
  type RunConfig,
  type RunConfigInput,
  runOptions,
} from './config/run-config.js';
export { type FileSplit, readSplit, type SplitFileOptions } from './config/split-file.js';
export type { FactorResult } from './evaluation/measure.js';
export { evaluateFactor, gflopsAt } from './evaluation/measure.js';
export { factorGrid, paretoFront } from './evaluation/pareto.js';
export { type Axes, type Searched, type SearchedPlace, searchFront } from './evaluation/search-front.js';
export { diceOver, type SurfaceResult, surfaceOver } from './evaluation/segment.js';
export { type CascadePoint, costAt, fitRung, type Seen } from './evaluation/sureness.js';
export type { Timing, TimingOptions } from './evaluation/time-forward.js';
export { describeNetwork, type ImageSpace } from './methods/network.js';
export {
  downsamplingSteps,
  type FactorWords,
  factorIn,
  type Prior,
  priorOf,
  representativeFactors,
  sampleSetting,
} from './methods/prior.js';
export { chosenIntensity, type Examples, examplesOf, prepareDataset } from './tasks/of-config.js';
export {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  type TrainerState,
} from './trainer/checkpoint.js';
export type {
  EndEvent,
  EpochEvent,
  Phase,
  StartEvent,
  StepEvent,
  TrainEvent,
  ValidatedFactor,
  WarningEvent,
} from './trainer/events.js';
export { DivergenceError } from './trainer/events.js';
export type { Progress } from './trainer/progress.js';
export { Trainer, type TrainerOptions } from './trainer/trainer.js';
