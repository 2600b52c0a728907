export { exportGraphModel, graphModelFiles } from './export-graph-model.js';
export { UnsupportedKernelError } from './operators.js';
