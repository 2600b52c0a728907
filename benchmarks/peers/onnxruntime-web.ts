import { onnxruntimeProgram } from './onnx/session.js';
import { Absent } from './program.js';
import { serve } from './serve.js';

/** onnxruntime compiled to WebAssembly. */
await serve(
  onnxruntimeProgram(() =>
    import('onnxruntime-web').catch((cause) => {
      throw new Absent(`not installed (${cause instanceof Error ? cause.message : cause})`);
    }),
  ),
);
