export { type FastWasmOptions, type FastWasmStatus, fastWasmStatus, useFastWasm } from './fast-wasm.js';
export { trainingRequirements } from './requirements.js';
