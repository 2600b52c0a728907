import type { Job } from '../work/job.js';

/** What a peer is asked, one JSON object a line on its standard input. Tensors pass through safetensors files. */
export type Request =
  /** Take the inputs, compute once, and leave the result in `outputs`. */
  | {
      readonly op: 'prepare';
      readonly job: Job;
      readonly inputs: string;
      readonly outputs: string;
      /** The file of the network as ONNX, of inference. */
      readonly model?: string;
    }
  /** Compute so many times. */
  | { readonly op: 'time'; readonly iterations: number }
  | { readonly op: 'release' };

/** What it answers, one line each; the first line, before any request, is `ready` or `absent`. */
export type Reply =
  | { readonly kind: 'ready'; readonly version: string }
  | { readonly kind: 'absent'; readonly reason: string }
  | { readonly kind: 'done' }
  /** Mean milliseconds of one iteration. */
  | { readonly kind: 'timed'; readonly ms: number }
  | { readonly kind: 'unsupported'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };
