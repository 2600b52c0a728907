export type { Work } from '@sshn/ops';
export { type CountOptions, countFlops } from './count.js';
export { type CountModuleOptions, countModule, type TensorModule } from './count-module.js';
export { type Budget, type CurvePoint, flopsCurve, largestFactorWithin } from './curve.js';
export { MissingFlopRuleError } from './errors.js';
export type { Cost, FlopReport, KernelCost, ModuleCost, UncountedKernel } from './report/report.js';
export { type FlopRule, registerFlopRule } from './rules/rules.js';
export { formatBytes, formatCount, formatTable, type TableOptions } from './table.js';
