export { folderOptions } from './config/data-config.js';
export {
  ConfigError,
  parseRunConfig,
  type RunConfig,
  type RunConfigInput,
  runConfigSchema,
} from './config/run-config.js';
export { diceOver } from './evaluation/dice-over.js';
export { evaluateFactor } from './evaluation/evaluate-factor.js';
export { factorGrid } from './evaluation/factor-grid.js';
export { gflopsAt } from './evaluation/gflops-at.js';
export { paretoFront } from './evaluation/pareto-front.js';
export type { FactorResult } from './evaluation/results.js';
export { type SurfaceResult, surfaceOver } from './evaluation/surface-over.js';
export { describeNetwork, type ImageSpace, type SegmentationModel } from './methods/describe-network.js';
export { downsamplingSteps } from './methods/downsampling-steps.js';
export { prepareDataset } from './methods/prepare-dataset.js';
export {
  type FactorWords,
  factorIn,
  type Prior,
  priorOf,
  representativeFactors,
  sampleRescaling,
} from './methods/prior.js';
export { distributions, middleOf, type Spread } from './methods/spread.js';
export { type AdamOptions, type AdamWOptions, adam, adamW } from './optimizers/adam.js';
export { clipByGlobalNorm, globalNorm } from './optimizers/clipping.js';
export { firstNonFinite, type NonFinite } from './optimizers/non-finite.js';
export type { NamedTensors, Optimizer, OptimizerOptions, Update, UpdateAt } from './optimizers/optimizer.js';
export { constantRate, cosineRate, rateAt, type Schedule, warmUp } from './optimizers/schedules.js';
export { type SgdOptions, sgd } from './optimizers/sgd.js';
export { lambdaSpread, type RegistrationConfig } from './registration/config.js';
export { type Examples, examplesOf } from './tasks/examples-of.js';
export { DivergenceError } from './trainer/errors.js';
export type {
  EndEvent,
  EpochEvent,
  Phase,
  StartEvent,
  StepEvent,
  TrainEvent,
  ValidatedFactor,
} from './trainer/events.js';
export type { Progress } from './trainer/progress.js';
export { Trainer, type TrainerOptions, type TrainerState } from './trainer/trainer.js';
