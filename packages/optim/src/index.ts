export { type AdamOptions, type AdamWOptions, adam, adamW } from './adam.js';
export { type AverageOptions, averaged, averageOf } from './average.js';
export { createOptimizer, createSchedule, type OptimizerConfig, optimizerOptions } from './choice.js';
export { clipByGlobalNorm, clippingScale, firstNonFinite, globalNorm, type NonFinite } from './clipping.js';
export {
  type Optimizer,
  type OptimizerOptions,
  type OptimizerState,
  stateFrom,
  type Update,
  type UpdateAt,
} from './optimizer.js';
export {
  constantRate,
  cosineRate,
  rateAt,
  type Schedule,
  type ScheduleSummary,
  summarizeSchedule,
  warmUp,
} from './schedules.js';
export { type SgdOptions, sgd } from './sgd.js';
