export { type AdamOptions, type AdamWOptions, adam, adamW } from './optimizers/adam.js';
export { clipByGlobalNorm, globalNorm } from './optimizers/clipping.js';
export { firstNonFinite, type NonFinite } from './optimizers/non-finite.js';
export type { NamedTensors, Optimizer, OptimizerOptions, Update, UpdateAt } from './optimizers/optimizer.js';
export { constantRate, cosineRate, rateAt, type Schedule, warmUp } from './optimizers/schedules.js';
export { type SgdOptions, sgd } from './optimizers/sgd.js';
