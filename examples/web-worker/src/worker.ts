// The Worker: a backend, the model, and one answer for each picture. No other file of this page knows of tensors.
import { useFastWasm } from '@sshn/backend-wasm';
import { paramTree, setting } from '@sshn/core';
import { preprocess } from '@sshn/data';
import { predictLabels } from '@sshn/losses';
import { fetchModel, networkOf } from '@sshn/model';
// A small model that comes along. Vite gives it an address and copies it to dist/.
import cells from '@sshn/zoo/models/cells.safetensors?url';
import plainWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import { dispose, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import type { Reply, Request, Segmentation } from './messages.js';

const wasmPaths = {
  'tfjs-backend-wasm.wasm': plainWasm,
  'tfjs-backend-wasm-simd.wasm': simdWasm,
  // Threads are our own here: tfjs' threaded build is never asked for.
  'tfjs-backend-wasm-threaded-simd.wasm': simdWasm,
};

const reply = (message: Reply, transfer: Transferable[] = []) => postMessage(message, { transfer });

// Loads once; whatever is asked before that waits for it.
const session = load();
session.then(
  ({ backend, labelNames }) => reply({ kind: 'ready', backend, labelNames }),
  (error: unknown) => reply({ kind: 'failed', id: undefined, message: textOf(error) }),
);

addEventListener('message', ({ data: { id, bitmap, factor } }: MessageEvent<Request>) => {
  session
    .then(({ segment }) => segment(bitmap, factor))
    .then(
      // The memory of the labels changes hands: what is sent is gone here.
      (segmentation) => reply({ kind: 'segmented', id, segmentation }, [segmentation.labels.buffer]),
      (error: unknown) => reply({ kind: 'failed', id, message: textOf(error) }),
    );
});

async function load() {
  const threads = crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
  const status = await useFastWasm({ wasmPaths, threads });
  const { manifest, params } = await fetchModel(cells);
  const model = networkOf(manifest);
  const hyperparams = paramTree(model.specs, params);
  // Weights are predicted when the factor changes, and serve all pictures until it changes again.
  let held: { readonly factor: number; readonly weights: ReturnType<typeof model.specialize> } | undefined;

  async function segment(bitmap: ImageBitmap, factor: number): Promise<Segmentation> {
    const began = performance.now();
    const { values, size, channels } = preprocess(read(bitmap), manifest.preprocessing);
    const at = setting(factor);
    if (held?.factor !== factor) {
      if (held !== undefined) dispose(held.weights as unknown as Tensor);
      held = { factor, weights: model.specialize(hyperparams, at) };
    }
    const { weights } = held;
    const predicted = tidy(() =>
      predictLabels(model.network.apply(weights, tensor(values, [1, ...size, channels]), at)),
    );
    const labels = Uint8Array.from(await predicted.data());
    predicted.dispose();
    const [height, width] = size as [number, number];
    return { factor, height, width, labels, milliseconds: performance.now() - began };
  }

  return {
    segment,
    backend: status.threads === 1 ? 'wasm, 1 thread' : `wasm, ${status.threads} threads`,
    labelNames: manifest.labels.map(({ name }) => name),
  };
}

/** Red, green and blue from 0 to 1; `preprocess` brings them to the size that the network was trained for. */
function read(bitmap: ImageBitmap) {
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d')!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const values = new Float32Array(3 * width * height);
  for (let i = 0; i < values.length; i++) values[i] = data[4 * Math.floor(i / 3) + (i % 3)]! / 255;
  return { values, size: [height, width], channels: 3 };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
