import type { TensorInfo } from '@tensorflow/tfjs-core';

import type { NativeModule } from '../module.js';

/** weight `[outputs, width]` · hidden `[width]`. */
export function head(native: NativeModule, weight: TensorInfo, hidden: TensorInfo): TensorInfo {
  const [outputs, width] = weight.shape as [number, number];
  const out = native.output([outputs]);
  native.exports.head(native.address(weight), native.address(hidden), native.address(out), outputs, width);
  return out;
}

/** Gradient to the weight, `[outputs, width]`: the outer product of dy `[outputs]` and hidden `[width]`. */
export function headGradWeight(native: NativeModule, dy: TensorInfo, hidden: TensorInfo): TensorInfo {
  const outputs = dy.shape[0]!;
  const width = hidden.shape[0]!;
  const out = native.output([outputs, width]);
  native.exports.headWeightGradient(
    native.address(dy),
    native.address(hidden),
    native.address(out),
    outputs,
    width,
  );
  return out;
}

/** Gradient to the hidden layer, `[width]`: dy `[outputs]` · weight `[outputs, width]`. */
export function headGradHidden(native: NativeModule, weight: TensorInfo, dy: TensorInfo): TensorInfo {
  const [outputs, width] = weight.shape as [number, number];
  const out = native.output([width]);
  const { sums } = native.reserve({ sums: 2 * Math.ceil(width / 4) * 16 });
  native.exports.headHiddenGradient(
    native.address(weight),
    native.address(dy),
    native.address(out),
    sums,
    outputs,
    width,
  );
  return out;
}
