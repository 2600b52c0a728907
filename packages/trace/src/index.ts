export { TraceError, UnknownKernelError } from './errors.js';
export type {
  CapturedLeaf,
  ConstantLeaf,
  Graph,
  GraphNode,
  GraphOutput,
  GraphTensor,
  InputLeaf,
  NodeOutput,
  Origin,
  ParameterLeaf,
  TensorShape,
} from './graph.js';
export type { InputTree, PlaceholderOf, PlaceholdersOf, TensorSpec } from './inputs.js';
export { knownKernels, registerShapeFunction, type ShapeFunction, workOf } from './kernels/registry.js';
export { type ExportOptions, type TracedNetwork, traceNetwork } from './plain-network.js';
export { traceBackend } from './recording/engine.js';
export { type Trace, type Traced, trace } from './trace.js';
