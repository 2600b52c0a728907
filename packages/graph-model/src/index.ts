export { exportGraphModel, type GraphModelOptions } from './export-graph-model.js';
export { graphModelFiles } from './graph-model-files.js';
export { UnsupportedKernelError } from './operators.js';
