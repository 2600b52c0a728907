// The Worker of one Segmenter: a backend, a model, and one answer after the other. No other file knows of tensors.
import { useFastWasm } from '@sshn/backend-wasm';
import { paramTree, setting } from '@sshn/core';
import { preprocess } from '@sshn/data';
import { predictLabels } from '@sshn/losses';
import { fetchModel, networkOf } from '@sshn/model';
import plainWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import { dispose, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import type { FromWorker, Pixels, Segmentation, ToWorker } from './messages.js';

const wasmPaths = {
  'tfjs-backend-wasm.wasm': plainWasm,
  'tfjs-backend-wasm-simd.wasm': simdWasm,
  // Threads are our own here: tfjs' threaded build is never asked for.
  'tfjs-backend-wasm-threaded-simd.wasm': simdWasm,
};

let session: ReturnType<typeof load> | undefined;
const aborted = new Set<number>();
/** Ends with the last task: they run one after the other. */
let last = Promise.resolve();

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'load') {
    session = load(data.model);
    // Whoever segments is told; without this, the browser would complain of an error that nobody sees.
    session.catch(() => {});
  }
  if (data.kind === 'abort') aborted.add(data.id);
  if (data.kind === 'segment') last = last.then(() => answer(data));
});

async function answer({ id, image, factor }: Extract<ToWorker, { kind: 'segment' }>): Promise<void> {
  const reply = (message: FromWorker, transfer: Transferable[] = []) => postMessage(message, { transfer });
  // Lets messages in that have arrived meanwhile: a task that was called off is left out.
  await new Promise((resolve) => setTimeout(resolve));
  if (aborted.delete(id)) return;
  try {
    const segmentation = await (await session!).segment(image, factor);
    reply({ kind: 'segmented', id, segmentation }, [segmentation.labels.buffer]);
  } catch (error) {
    reply({ kind: 'failed', id, message: error instanceof Error ? error.message : String(error) });
  }
}

async function load(address: string) {
  const threads = crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
  // biome-ignore lint/correctness/useHookAtTopLevel: no hook of React, for all its name
  await useFastWasm({ wasmPaths, threads });
  const { manifest, params } = await fetchModel(address);
  const model = networkOf(manifest);
  const hyperparams = paramTree(model.specs, params);
  // Weights are predicted when the factor changes, and serve all images until it changes again.
  let held: { readonly factor: number; readonly weights: ReturnType<typeof model.specialize> } | undefined;

  return {
    async segment(image: Pixels, factor: number): Promise<Segmentation> {
      const began = performance.now();
      const { values, size, channels } = preprocess(colorsOf(image), manifest.preprocessing);
      const at = setting(factor);
      if (held?.factor !== factor) {
        const weights = model.specialize(hyperparams, at);
        if (held !== undefined) dispose(held.weights as unknown as Tensor);
        held = { factor, weights };
      }
      const { weights } = held;
      const predicted = tidy(() =>
        predictLabels(model.network.apply(weights, tensor(values, [1, ...size, channels]), at)),
      );
      const labels = Uint8Array.from(await predicted.data());
      predicted.dispose();
      const [height, width] = size as [number, number];
      const labelNames = manifest.labels.map(({ name }) => name);
      return { factor, height, width, labels, labelNames, milliseconds: performance.now() - began };
    },
  };
}

/** Red, green and blue from 0 to 1; `preprocess` brings them to the size that the network was trained for. */
function colorsOf({ data, width, height }: Pixels) {
  const values = new Float32Array(3 * width * height);
  for (let i = 0; i < values.length; i++) values[i] = data[4 * Math.floor(i / 3) + (i % 3)]! / 255;
  return { values, size: [height, width], channels: 3 };
}
