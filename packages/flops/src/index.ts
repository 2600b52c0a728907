export { type CountOptions, countFlops } from './count.js';
export { MissingFlopRuleError } from './errors.js';
export { type CountModuleOptions, countModule, type TensorModule } from './modules/count-module.js';
export { type Budget, type CurvePoint, flopsCurve, largestFactorWithin } from './modules/curve.js';
export type { Cost, FlopReport, KernelCost, ModuleCost, UncountedKernel } from './report/report.js';
export { registerFlopRule } from './rules/registry.js';
export type { FlopRule, Work } from './rules/rule.js';
export { formatTable, type TableOptions } from './table/table.js';
export { formatBytes, formatCount } from './table/units.js';
