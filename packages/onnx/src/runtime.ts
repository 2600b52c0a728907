import type { PlainNetwork } from '@sshn/core';
import { type Tensor, tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import { exportOnnx } from './export-onnx.js';

/** What is used of `onnxruntime-node` or `onnxruntime-web`: pass the module itself. */
export interface OnnxRuntimeModule {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: object): Promise<OnnxSession>;
  };
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => OnnxTensor;
}

/** A tensor of onnxruntime. */
interface OnnxTensor {
  readonly dims: readonly number[];
  getData(): Promise<unknown>;
  dispose(): void;
}

interface OnnxSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, never>>): Promise<unknown>;
  release(): Promise<void>;
}

/**
 * Runs plain networks in onnxruntime: natively in Node (`onnxruntime-node`), by its own WebAssembly or WebGPU in a page
 * (`onnxruntime-web`). Preprocessing, the hypernetwork and what follows the logits stay on the current backend of tfjs.
 *
 * @param ort The module, which you install: `await import('onnxruntime-node')`.
 * @param options Of each session, such as `{ intraOpNumThreads: 2 }` or `{ executionProviders: ['cuda'] }`. @default its own
 * @returns a `Runtime` for `openModel` of @sshn/predict and for `calibrate` of @sshn/model. It throws what `exportOnnx` throws.
 * @example
 * const runtime = onnxRuntime(await import('onnxruntime-node'));
 * using model = await openModel('runs/cells', { runtime });
 */
export function onnxRuntime(ort: OnnxRuntimeModule, options: object = {}) {
  return async (plain: PlainNetwork) => {
    const bytes = await exportOnnx(plain);
    const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3, ...options });
    const [[input], [output]] = [session.inputNames, session.outputNames] as [[string], [string]];
    const rank = plain.size.length;
    const channelsFirst = [0, rank + 1, ...plain.size.map((_, axis) => axis + 1)];
    const channelsLast = [0, ...plain.size.map((_, axis) => axis + 2), 1];
    return {
      async apply(images: Tensor): Promise<Tensor> {
        const moved = tidy(() => transpose(images, channelsFirst));
        const values = (await moved.data<'float32'>()).slice();
        const fed = new ort.Tensor('float32', values, moved.shape);
        moved.dispose();
        const results = (await session.run({ [input]: fed as never })) as Record<string, OnnxTensor>;
        const result = results[output]!;
        const logits = (await result.getData()) as Float32Array;
        const shape = [...result.dims];
        const last = tidy(() => transpose(tensor(logits, shape, 'float32'), channelsLast));
        result.dispose();
        fed.dispose();
        return last;
      },
      dispose: () => session.release(),
    };
  };
}
