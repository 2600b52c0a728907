import type { TensorInfo } from '@tensorflow/tfjs-core';

import { sizeOf } from './geometry.js';
import type { NativeModule } from './module.js';

/** Gradient to a bias: dy `[..., channels]` summed over all axes but the last. */
export function convGradBias(native: NativeModule, dy: TensorInfo): TensorInfo {
  const channels = dy.shape.at(-1) ?? 1;
  const out = native.output([channels]);
  const { sums } = native.reserve({ sums: (channels + 3) * 4 });
  const pixels = sizeOf(dy.shape.slice(0, -1));
  native.exports.biasGradient(native.address(dy), native.address(out), sums, pixels, channels);
  return out;
}

/** `dy` where y > 0, `slope * dy` elsewhere; y is the rectifier's output. */
export function leakyReluGrad(
  native: NativeModule,
  { dy, y, slope }: { readonly dy: TensorInfo; readonly y: TensorInfo; readonly slope: number },
): TensorInfo {
  const dx = native.output(dy.shape);
  native.exports.leakyGradient(
    native.address(dy),
    native.address(y),
    native.address(dx),
    sizeOf(dy.shape),
    slope,
  );
  return dx;
}
