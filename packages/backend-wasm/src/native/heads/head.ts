import type { TensorInfo } from '@tensorflow/tfjs-core';

import type { Job } from '../jobs.js';
import type { NativeModule } from '../module.js';
import type { DeferredProducts } from './deferred.js';

/** Size of `HeadArgs` of `assembly/head.ts`, in bytes, and the outputs of one task. */
const HEAD_ARGS_BYTES = 6 * 4;
const GRAIN = 2048;

/** weight `[outputs, width]` · hidden `[width]`. */
export function head(native: NativeModule, weight: TensorInfo, hidden: TensorInfo): TensorInfo {
  const out = native.output([weight.shape[0]!]);
  run(native, 'head', { weight, hidden: native.address(hidden), out });
  return out;
}

/**
 * Gradient to the weight, `[outputs, width]`: the outer product of dy `[outputs]` and hidden `[width]`.
 *
 * Its values are written when somebody looks at them; Adam works from the factors.
 */
export function headGradWeight(native: NativeModule, dy: TensorInfo, hidden: TensorInfo): TensorInfo {
  const [height, width] = [dy.shape[0]!, hidden.shape[0]!];
  return outerProduct(native, height, width, (floats, column, row) => {
    const from = { column: native.address(dy) / 4, row: native.address(hidden) / 4 };
    floats.copyWithin(column, from.column, from.column + height);
    floats.copyWithin(row, from.row, from.row + width);
  });
}

/**
 * A deferred outer product `[height, width]`.
 *
 * @param fill Writes its factors, of which it gets the indices into the memory's floats.
 */
export function outerProduct(
  native: NativeModule,
  height: number,
  width: number,
  fill: (floats: Float32Array, column: number, row: number) => void,
): TensorInfo {
  const product = native.output([height, width]);
  // The arguments of the kernel that writes the product come first, so that it needs no scratch.
  const row = native.allocate(HEAD_ARGS_BYTES + (width + height) * 4) + HEAD_ARGS_BYTES;
  const column = row + width * 4;
  fill(native.floats(), column / 4, row / 4);
  deferredProducts(native).defer(product, { column, row, height, width });
  return product;
}

/** The gradients to heads that nobody has looked at yet. */
export function deferredProducts(native: NativeModule): DeferredProducts {
  return native.products({
    write: (address, { column, row, height, width }) => {
      const args = row - HEAD_ARGS_BYTES;
      native.words().set([address, row, column, 0, height, width], args / 4);
      native.run('headWeightGradient', args, Math.ceil(height / GRAIN));
    },
    release: ({ row }) => native.free(row - HEAD_ARGS_BYTES),
  });
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
