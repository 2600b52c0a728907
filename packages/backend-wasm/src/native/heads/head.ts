import type { TensorInfo } from '@tensorflow/tfjs-core';

import type { Job } from '../jobs.js';
import type { NativeModule } from '../module.js';

/** Size of `HeadArgs` of `assembly/head.ts`, in bytes, and the outputs of one task. */
const HEAD_ARGS_BYTES = 6 * 4;
const GRAIN = 2048;

/** weight `[outputs, width]` · hidden `[width]`. */
export function head(native: NativeModule, weight: TensorInfo, hidden: TensorInfo): TensorInfo {
  const out = native.output([weight.shape[0]!]);
  run(native, 'head', { weight, hidden: native.address(hidden), out });
  return out;
}

/** Gradient to the weight, `[outputs, width]`: the outer product of dy `[outputs]` and hidden `[width]`. */
export function headGradWeight(native: NativeModule, dy: TensorInfo, hidden: TensorInfo): TensorInfo {
  const weight = native.output([dy.shape[0]!, hidden.shape[0]!]);
  run(native, 'headWeightGradient', { weight, hidden: native.address(hidden), out: dy });
  return weight;
}

/** Gradient to the hidden layer, `[width]`: dy `[outputs]` · weight `[outputs, width]`. */
export function headGradHidden(native: NativeModule, weight: TensorInfo, dy: TensorInfo): TensorInfo {
  const out = native.output([weight.shape[1]!]);
  run(native, 'headHiddenGradient', { weight, hidden: native.address(out), out: dy });
  return out;
}

/** Runs a job on the heads; the gradient to the hidden layer leaves partial sums, which are added into `hidden`. */
function run(
  native: NativeModule,
  job: Job & `head${string}`,
  { weight, hidden, out }: { readonly weight: TensorInfo; readonly hidden: number; readonly out: TensorInfo },
): void {
  const [outputs, width] = weight.shape as [number, number];
  const tasks = Math.ceil(outputs / GRAIN);
  const isSum = job === 'headHiddenGradient';
  const rowBytes = Math.ceil(width / 4) * 16;
  const at = native.reserve({ args: HEAD_ARGS_BYTES, sums: isSum ? 2 * tasks * rowBytes : 0 });
  native
    .words()
    .set([native.address(weight), hidden, native.address(out), at.sums, outputs, width], at.args / 4);
  native.run(job, at.args, tasks);
  if (isSum) native.exports.addSlots(at.sums, tasks, hidden, width);
}
