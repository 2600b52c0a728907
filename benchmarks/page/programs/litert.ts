import { loadAndCompile, loadLiteRt, Tensor } from '@litertjs/core';
import { version } from '@litertjs/core/package.json';
import oneThreadJs from '@litertjs/core/wasm/litert_wasm_internal.js?url';
import oneThreadWasm from '@litertjs/core/wasm/litert_wasm_internal.wasm?url';
import threadedJs from '@litertjs/core/wasm/litert_wasm_threaded_internal.js?url';
import threadedWasm from '@litertjs/core/wasm/litert_wasm_threaded_internal.wasm?url';
import { litertUnet } from '../../peers/litert/unet.js';
import { type PeerProgram, type Prepared, Unsupported } from '../../peers/program.js';
import type { Job } from '../../work/job.js';
import { floats, rawTensor } from '../../work/values.js';
import type { Tensors } from '../../work/work.js';

let threads = 1;

/** Google's LiteRT (formerly TensorFlow Lite) on wasm, in a worker of a page. */
export const litertInPage: PeerProgram = {
  async start(wanted) {
    threads = wanted;
    const [js, wasm] = wanted > 1 ? [threadedJs, threadedWasm] : [oneThreadJs, oneThreadWasm];
    const url = new URL(js, location.href).href;
    await runScript(url);
    Object.assign(self, {
      // It would load the script by that, which module workers have not.
      importScripts: () => {},
      Module: { mainScriptUrlOrBlob: url, locateFile: () => new URL(wasm, location.href).href },
    });
    await loadLiteRt(url);
    return version;
  },
  prepare,
};

/** Runs its script, which declares a global function, as a module. */
async function runScript(url: string): Promise<void> {
  const script = await (await fetch(url)).text();
  const code = `${script}\nglobalThis.ModuleFactory = ModuleFactory;`;
  const module = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  await import(/* @vite-ignore */ module);
  URL.revokeObjectURL(module);
}

async function prepare(job: Job, inputs: Tensors): Promise<Prepared> {
  if (job.kind !== 'inference' || job.network.rank !== 2)
    throw new Unsupported('is asked for inference in 2D only');
  const model = await loadAndCompile(litertUnet(job, inputs), {
    accelerator: 'wasm',
    cpuOptions: { numThreads: threads },
  });
  const { data, shape } = inputs.get('image')!;
  const image = new Tensor(floats({ dtype: 'F32', shape, data }), [...shape]);
  const outputShape = [1, ...job.network.sizes[0]!, job.network.outChannels];
  const infer = async (): Promise<Float32Array> => {
    const [logits] = await model.run(image);
    try {
      return (await logits!.data()) as Float32Array;
    } finally {
      logits!.delete();
    }
  };
  return {
    outputs: async () => new Map([['logits', rawTensor((await infer()).slice(), outputShape)]]),
    run: async () => void (await infer()),
    release: () => {
      image.delete();
      model.delete();
    },
  };
}
