import type { TensorInfo } from '@tensorflow/tfjs-core';
import { bytesOf, SIZES } from './layout.js';
import { type NativeModule, sizeOf } from './module.js';

/** Pixels before a gradient to a bias opens another partial sum. */
const PIXELS_PER_SLOT = 2048;

const MAX_SLOTS = 16;

/** Gradient to a bias: dy `[..., channels]` summed over all axes but the last. */
export function convGradBias(native: NativeModule, dy: TensorInfo): TensorInfo {
  return sumPixels(native, dy, { y: 0, dz: 0, slope: 1 });
}

/** The gradient before a leaky rectifier, as `leakyReluGrad`, and that to the bias before it, in one pass. */
export function convGradRectifier(
  native: NativeModule,
  { dy, y, slope }: { readonly dy: TensorInfo; readonly y: TensorInfo; readonly slope: number },
): [TensorInfo, TensorInfo] {
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
  const pixels = sizeOf(dy.shape.slice(0, -1));
  const slots = Math.max(1, Math.min(MAX_SLOTS, Math.floor(pixels / PIXELS_PER_SLOT)));
  const at = native.reserve({ args: bytesOf('BiasArgs'), sums: slots * Math.ceil(channels / 4) * 16 });
  const values = { dy: native.address(dy), sums: at.sums, pixels, channels, slots, y, dz, slope };
  native.start('biasGradient', at.args, values, slots);
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
  const { args } = native.reserve({ args: bytesOf('LeakyArgs') });
  const addresses = { dy: native.address(dy), y: native.address(y), dx: native.address(dx) };
  const tasks = Math.ceil(count / SIZES.POINTWISE_GRAIN);
  native.start('leakyGradient', args, { ...addresses, count, slope }, tasks);
  return dx;
}
