import { prepareSession } from './onnx/session.js';
import { Absent, type PeerProgram } from './program.js';
import { serve } from './serve.js';

type Ort = typeof import('onnxruntime-web');

let ort: Ort;

/** onnxruntime compiled to WebAssembly. */
const onnxruntimeWeb: PeerProgram = {
  async start(threads) {
    ort = await import('onnxruntime-web').catch((cause) => {
      throw new Absent(`not installed (${cause instanceof Error ? cause.message : cause})`);
    });
    ort.env.wasm.numThreads = threads;
    ort.env.logLevel = 'error';
    return ort.env.versions.web ?? ort.env.versions.common;
  },

  prepare: (job, inputs, model) =>
    prepareSession(
      {
        fillsTensors: false,
        createSession: (model) =>
          ort.InferenceSession.create(model, {
            executionProviders: ['wasm'],
            graphOptimizationLevel: 'all',
            logSeverityLevel: 3,
          }),
        createTensor: (values, shape) => new ort.Tensor('float32', values, shape),
      },
      { job, inputs, model },
    ),
};

await serve(onnxruntimeWeb);
