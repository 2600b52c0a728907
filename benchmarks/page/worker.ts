import type { PeerProgram, Prepared } from '../peers/program.js';
import { Absent, Unsupported } from '../peers/program.js';
import type { ContestantName, PageReply, PageRequest } from './protocol.js';

/** Loaded when they are asked for: each is some hundred kilobytes. */
const programs: Readonly<Record<ContestantName, () => Promise<PeerProgram>>> = {
  'ours, wasm': async () => (await import('./programs/wasm.js')).oursInPage,
  'ours, webgl': async () => (await import('./programs/webgl.js')).oursOnWebgl,
  'ours, webgpu': async () => (await import('../peers/webgpu/program.js')).webgpuProgram(true),
  'onnxruntime-web, wasm': async () => (await import('./programs/onnxruntime.js')).onnxruntimeInPage,
  'LiteRT, wasm': async () => (await import('./programs/litert.js')).litertInPage,
  'stock tfjs, wasm': async () => (await import('./programs/wasm.js')).stockInPage,
  'stock tfjs, webgl': async () => (await import('./programs/webgl.js')).stockOnWebgl,
  'stock tfjs, webgpu': async () => (await import('../peers/webgpu/program.js')).webgpuProgram(false),
};

let program: PeerProgram;
let prepared: Prepared | undefined;

async function answer(request: PageRequest): Promise<PageReply> {
  switch (request.op) {
    case 'start':
      program = await programs[request.name]();
      return { kind: 'ready', words: await program.start(request.threads) };
    case 'prepare':
      prepared = await program.prepare(request.job, request.inputs);
      return { kind: 'prepared', outputs: await prepared.outputs() };
    case 'time': {
      const began = performance.now();
      for (let i = 0; i < request.iterations; i++) await prepared!.run();
      return { kind: 'timed', ms: (performance.now() - began) / request.iterations };
    }
    case 'release':
      await prepared?.release();
      prepared = undefined;
      return { kind: 'released' };
  }
}

addEventListener('message', async ({ data }: MessageEvent<PageRequest>) => {
  const reply = await answer(data).catch((error: unknown): PageReply => {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof Absent) return { kind: 'absent', reason };
    return { kind: error instanceof Unsupported ? 'unsupported' : 'failed', reason };
  });
  postMessage(reply);
});
