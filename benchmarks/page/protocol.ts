import type { Job } from '../work/job.js';
import type { Tensors } from '../work/work.js';

/** What is measured in a page. */
export type ContestantName =
  | 'ours, wasm'
  | 'ours, webgl'
  | 'ours, webgpu'
  | 'onnxruntime-web, wasm'
  | 'LiteRT, wasm'
  | 'stock tfjs, wasm'
  | 'stock tfjs, webgl'
  | 'stock tfjs, webgpu';

/** What a page asks of a worker, which has one contestant. */
export type PageRequest =
  | { readonly op: 'start'; readonly name: ContestantName; readonly threads: number }
  /** Compute once, and give the result. */
  | { readonly op: 'prepare'; readonly job: Job; readonly inputs: Tensors }
  /** Compute so many times. */
  | { readonly op: 'time'; readonly iterations: number }
  | { readonly op: 'release' };

/** What it answers, one for each request. */
export type PageReply =
  /** What it runs on, in words. */
  | { readonly kind: 'ready'; readonly words: string }
  | { readonly kind: 'absent'; readonly reason: string }
  | { readonly kind: 'prepared'; readonly outputs: Tensors }
  /** Mean milliseconds of one iteration. */
  | { readonly kind: 'timed'; readonly ms: number }
  | { readonly kind: 'released' }
  | { readonly kind: 'unsupported'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };
