import type { TensorInfo } from '@tensorflow/tfjs-core';

import { pickForward, pickGradient } from './conv-pick.js';
import { convGeometry, transposed } from './geometry.js';
import type { NativeModule } from './module.js';

/**
 * y = leaky(conv(x, kernel) + bias), 'same' size, stride 1.
 *
 * x `[batch, (depth,) height, width, in]`, kernel `[(depth,) height, width, in, out]`, bias `[out]`.
 */
export function conv(
  native: NativeModule,
  x: TensorInfo,
  kernel: TensorInfo,
  { bias, slope = 1 }: { readonly bias?: TensorInfo | undefined; readonly slope?: number } = {},
): TensorInfo {
  const geometry = convGeometry(x.shape, kernel.shape);
  const y = native.output([...x.shape.slice(0, -1), geometry.outChannels]);
  pickForward(geometry)(native, geometry, {
    x: native.address(x),
    kernel: native.address(kernel),
    kernelData: native.dataNumber(kernel),
    bias: bias === undefined ? 0 : native.address(bias),
    y: native.address(y),
    slope,
    isGradient: false,
  });
  return y;
}

/** Gradient of `conv` (without bias and rectifier) to x, from dy `[batch, …, out]`. */
export function convGradInput(native: NativeModule, dy: TensorInfo, kernel: TensorInfo): TensorInfo {
  const inChannels = kernel.shape[kernel.shape.length - 2] ?? 0;
  const shape = [...dy.shape.slice(0, -1), inChannels];
  const geometry = transposed(convGeometry(shape, kernel.shape));
  const dx = native.output(shape);
  pickForward(geometry)(native, geometry, {
    x: native.address(dy),
    kernel: native.address(kernel),
    kernelData: native.dataNumber(kernel),
    bias: 0,
    y: native.address(dx),
    slope: 1,
    isGradient: true,
  });
  return dx;
}

/** Gradient of `conv` to the kernel, whose spatial edges are `kernelSize`. */
export function convGradKernel(
  native: NativeModule,
  x: TensorInfo,
  dy: TensorInfo,
  kernelSize: readonly number[],
): TensorInfo {
  const inChannels = x.shape[x.shape.length - 1] ?? 0;
  const outChannels = dy.shape[dy.shape.length - 1] ?? 0;
  const shape = [...kernelSize, inChannels, outChannels];
  const geometry = convGeometry(x.shape, shape);
  const out = native.output(shape);
  pickGradient(geometry)(native, geometry, {
    x: native.address(x),
    dy: native.address(dy),
    out: native.address(out),
  });
  return out;
}
