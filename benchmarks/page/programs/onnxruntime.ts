import mjs from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import * as ort from 'onnxruntime-web/wasm';
import { onnxruntimeProgram } from '../../peers/onnx/session.js';

/** onnxruntime compiled to WebAssembly, in a worker of a page. */
export const onnxruntimeInPage = onnxruntimeProgram(() => {
  ort.env.wasm.wasmPaths = { mjs, wasm };
  return ort;
});
