export { type AdamOptions, type AdamWOptions, adam, adamW } from './adam.js';
export { createOptimizer, createSchedule, type OptimizerConfig, optimizerOptions } from './choice.js';
export { clipByGlobalNorm, firstNonFinite, globalNorm, type NonFinite } from './clipping.js';
export type { NamedTensors, Optimizer, OptimizerOptions, Update, UpdateAt } from './optimizer.js';
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
