// Bundled and run in a page: a network on tfjs and on onnxruntime-web.
import '@tensorflow/tfjs-backend-cpu';
import { createNetwork } from '@sshn/architectures';
import { disposeParams, initialize, Rng, setting } from '@sshn/core';
import { tfjsRuntime } from '@sshn/model';
import { onnxRuntime } from '@sshn/onnx';
import { ready, setBackend, tensor } from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-web/wasm';

Object.assign(globalThis, {
  /** The largest difference of logits, and the largest logit. */
  async compare(factor: number): Promise<[difference: number, largest: number]> {
    await setBackend('cpu');
    await ready();
    ort.env.wasm.wasmPaths = new URL('ort/', location.href).href;
    ort.env.wasm.numThreads = 1;
    const [size, channels, batch] = [[17, 23], 2, 3];
    const network = createNetwork('unet', { inChannels: channels, outChannels: 3, features: 4, stages: 3 });
    const rng = Rng.fromSeed(1);
    const params = initialize(network.specs, rng);
    const values = Float32Array.from({ length: batch * size[0]! * size[1]! * channels }, () => rng.uniform());
    const images = tensor(values, [batch, ...size, channels], 'float32');
    const outputs: Float32Array[] = [];
    for (const runtime of [tfjsRuntime, onnxRuntime(ort)]) {
      const running = await runtime({ network, params, at: setting(factor), size, channels });
      const logits = await running.apply(images);
      outputs.push((await logits.data<'float32'>()).slice());
      logits.dispose();
      await running.dispose();
    }
    disposeParams(params);
    const [ours, theirs] = outputs as [Float32Array, Float32Array];
    const largest = ours.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return [ours.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i]!)), 0), largest];
  },
});
