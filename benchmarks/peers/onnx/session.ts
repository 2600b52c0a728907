import type { InferenceSession, Tensor } from 'onnxruntime-common';
import type { Job } from '../../work/job.js';
import { floats, rawTensor } from '../../work/values.js';
import type { Tensors } from '../../work/work.js';
import { type PeerProgram, type Prepared, Unsupported } from '../program.js';
import { channelsFirst, channelsLast } from './layout.js';
import { convolutionModel, type OnnxModel, unetModel } from './models.js';

/** What onnxruntime-node and onnxruntime-web have in common. */
export interface OnnxRuntime {
  /** Whether it writes a result into a tensor handed to it, so that none is allocated in each run. */
  readonly fillsTensors: boolean;
  createSession(model: Uint8Array): Promise<InferenceSession>;
  createTensor(values: Float32Array, shape: readonly number[]): Tensor;
}

/** onnxruntime-web, on wasm. @param load Gives its module, before it is started. */
export function onnxruntimeProgram(
  load: () => typeof import('onnxruntime-web') | Promise<typeof import('onnxruntime-web')>,
): PeerProgram {
  let runtime: OnnxRuntime;
  return {
    async start(threads) {
      const ort = await load();
      ort.env.wasm.numThreads = threads;
      ort.env.logLevel = 'error';
      runtime = {
        fillsTensors: false,
        createSession: (model) =>
          ort.InferenceSession.create(model, {
            executionProviders: ['wasm'],
            graphOptimizationLevel: 'all',
            logSeverityLevel: 3,
          }),
        createTensor: (values, shape) => new ort.Tensor('float32', values, shape),
      };
      return ort.env.versions.web ?? ort.env.versions.common;
    },
    prepare: (job, inputs, model) => prepareSession(runtime, { job, inputs, model }),
  };
}

/** A job, and its network as ONNX where it is one of inference. */
export interface Asked {
  readonly job: Job;
  readonly inputs: Tensors;
  readonly model: Uint8Array | undefined;
}

/** A job as an ONNX model in a session. */
export async function prepareSession(runtime: OnnxRuntime, asked: Asked): Promise<Prepared> {
  const { job, inputs } = asked;
  const { bytes, inputName = 'x', outputName, outputShape } = modelOf(asked);
  const session = await runtime.createSession(bytes);
  const image = channelsFirst(inputs.get(job.kind === 'convolution' ? 'x' : 'image')!);
  const feeds = { [inputName]: runtime.createTensor(floats(image), image.shape) };
  const result = new Float32Array(outputShape.reduce((product, n) => product * n, 1));
  const fetches = runtime.fillsTensors
    ? { [outputName]: runtime.createTensor(result, outputShape) }
    : [outputName];
  const name = job.kind === 'convolution' ? 'y' : 'logits';
  return {
    async outputs() {
      const found = (await session.run(feeds, fetches))[outputName]!;
      return new Map([[name, channelsLast(rawTensor((found.data as Float32Array).slice(), outputShape))]]);
    },
    async run() {
      await session.run(feeds, fetches);
    },
    release: () => session.release(),
  };
}

function modelOf({ job, inputs, model }: Asked): OnnxModel {
  switch (job.kind) {
    case 'convolution':
      if (job.pass === 'forward') return convolutionModel(job, inputs);
      throw new Unsupported('has no gradients');
    case 'inference':
      return unetModel(job, inputs);
    case 'training':
    case 'registration':
      throw new Unsupported('has no gradients');
    case 'weights':
      throw new Unsupported('is not asked: weights are generated in training and before export');
    case 'trace':
      throw new Unsupported('counts no FLOPs from shapes');
    case 'architecture':
      return {
        bytes: model!,
        inputName: 'image',
        outputName: 'logits',
        outputShape: [1, job.outChannels, ...job.size],
      };
  }
}
