import { createRequire } from 'node:module';
import { prepareSession } from './onnx/session.js';
import { Absent, type PeerProgram } from './program.js';
import { serve } from './serve.js';

type Ort = typeof import('onnxruntime-node');

let ort: Ort;
let threads = 1;

/** onnxruntime as a native addon of Node. */
const onnxruntimeNode: PeerProgram = {
  async start(count) {
    ort = await import('onnxruntime-node').catch((cause) => {
      throw new Absent(`not installed (${cause instanceof Error ? cause.message : cause})`);
    });
    threads = count;
    return createRequire(import.meta.url)('onnxruntime-node/package.json').version;
  },

  prepare: (job, inputs, model) =>
    prepareSession(
      {
        fillsTensors: true,
        createSession: (model) =>
          ort.InferenceSession.create(model, {
            executionProviders: ['cpu'],
            graphOptimizationLevel: 'all',
            intraOpNumThreads: threads,
            interOpNumThreads: 1,
            logSeverityLevel: 3,
          }),
        createTensor: (values, shape) => new ort.Tensor('float32', values, shape),
      },
      { job, inputs, model },
    ),
};

await serve(onnxruntimeNode);
