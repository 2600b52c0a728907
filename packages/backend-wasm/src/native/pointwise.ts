import type { TensorInfo } from '@tensorflow/tfjs-core';

import { sizeOf } from './geometry.js';
import { POINTWISE_GRAIN } from './jobs.js';
import type { NativeModule } from './module.js';

/** Pixels before a gradient to a bias opens another partial sum. */
const PIXELS_PER_SLOT = 2048;

const MAX_SLOTS = 16;

/** Sizes of `BiasArgs` and `LeakyArgs` of the assembly, in bytes. */
const BIAS_ARGS_BYTES = 8 * 4;
const LEAKY_ARGS_BYTES = 5 * 4;

/** Gradient to a bias: dy `[..., channels]` summed over all axes but the last. */
export function convGradBias(native: NativeModule, dy: TensorInfo): TensorInfo {
  return sumPixels(native, dy, { y: 0, dz: 0, slope: 1 });
}

/** The gradient before a leaky rectifier, as `leakyReluGrad`, and that to the bias before it, in one pass. */
export function convGradRectifier(
  native: NativeModule,
  { dy, y, slope }: { readonly dy: TensorInfo; readonly y: TensorInfo; readonly slope: number },
): TensorInfo[] {
  const dz = native.output(dy.shape);
  return [dz, sumPixels(native, dy, { y: native.address(y), dz: native.address(dz), slope })];
}

function sumPixels(
  native: NativeModule,
  dy: TensorInfo,
  { y, dz, slope }: { readonly y: number; readonly dz: number; readonly slope: number },
): TensorInfo {
  const channels = dy.shape.at(-1) ?? 1;
  const out = native.output([channels]);
  const from = native.address(dy);
  const pixels = sizeOf(dy.shape.slice(0, -1));
  const slots = Math.max(1, Math.min(MAX_SLOTS, Math.floor(pixels / PIXELS_PER_SLOT)));
  const at = native.reserve({ args: BIAS_ARGS_BYTES, sums: slots * Math.ceil(channels / 4) * 16 });
  native.words().set([from, at.sums, pixels, channels, slots, y, dz], at.args / 4);
  native.floats()[at.args / 4 + 7] = slope;
  native.run('biasGradient', at.args, slots);
  native.exports.addSlots(at.sums, slots, native.address(out), channels);
  return out;
}

/** `dy` where y > 0, `slope * dy` elsewhere; y is the rectifier's output. */
export function leakyReluGrad(
  native: NativeModule,
  { dy, y, slope }: { readonly dy: TensorInfo; readonly y: TensorInfo; readonly slope: number },
): TensorInfo {
  const dx = native.output(dy.shape);
  const count = sizeOf(dy.shape);
  const { args } = native.reserve({ args: LEAKY_ARGS_BYTES });
  native.words().set([native.address(dy), native.address(y), native.address(dx), count], args / 4);
  native.floats()[args / 4 + 4] = slope;
  native.run('leakyGradient', args, Math.ceil(count / POINTWISE_GRAIN));
  return dx;
}
