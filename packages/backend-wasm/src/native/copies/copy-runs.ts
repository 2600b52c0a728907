import type { NativeModule } from '../module.js';

/** Size of `CopyArgs` of `assembly/copy-runs.ts` in bytes. */
const COPY_ARGS_BYTES = 7 * 4;

/** Bytes that one task moves, about. */
const BYTES_PER_TASK = 1 << 18;

/** Runs of `bytes` each; addresses and strides are in bytes. */
export interface Runs {
  readonly from: number;
  readonly fromStride: number;
  readonly to: number;
  readonly toStride: number;
  readonly bytes: number;
  readonly runs: number;
}

/** Copies runs of bytes from one place to another, each with its own distance between runs. */
export function copyRuns(native: NativeModule, { from, fromStride, to, toStride, bytes, runs }: Runs): void {
  if (bytes * runs === 0) return;
  const { args } = native.reserve({ args: COPY_ARGS_BYTES });
  const grain = Math.ceil(BYTES_PER_TASK / bytes);
  native.words().set([from, fromStride, to, toStride, bytes, runs, grain], args / 4);
  native.run('copyRuns', args, Math.ceil(runs / grain));
}
