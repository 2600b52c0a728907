export { exportOnnx } from './export-onnx.js';
export { UnsupportedKernelError } from './operators/operator.js';
export { type OnnxRuntimeModule, onnxRuntime } from './runtime.js';
