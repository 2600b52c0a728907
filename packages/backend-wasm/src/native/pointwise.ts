import type { TensorInfo } from '@tensorflow/tfjs-core';
import { bytesOf, SIZES } from './layout.js';
import { type MakeKernel, type NativeModule, sizeOf } from './module.js';

const { POINTWISE_GRAIN, PRODUCT, RECTIFIED_SUM, RECTIFIER, RECTIFIER_GRADIENT, SUM } = SIZES;

/** Pixels before a gradient to a bias opens another partial sum. */
const PIXELS_PER_SLOT = 2048;

const MAX_SLOTS = 16;

/** The slope of a leaky rectifier for negative values. */
interface Rectifier {
  readonly slope: number;
}

/** Gradient to a bias: dy `[..., channels]` summed over all axes but the last. */
export function convGradBias(native: NativeModule, dy: TensorInfo): TensorInfo {
  return sumPixels(native, dy, { y: 0, dz: 0, slope: 1 });
}

/** The gradient before a leaky rectifier, as `leakyReluGrad`, and that to the bias before it, in one pass. */
export function convGradRectifier(
  native: NativeModule,
  { dy, y }: { readonly dy: TensorInfo; readonly y: TensorInfo },
  { slope }: Rectifier,
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
  native.start('biasGradient', values, slots, at.args);
  native.exports.addSlots(at.sums, slots, native.address(out), channels);
  return out;
}

/** Blocks that are computed in a job each, at most: images of a batch, each with values of its own for every channel. */
const MAX_BLOCKS = 64;

/** How the values of the smaller operand repeat along those of the larger: in each of `blocks`, `period` of them again and again. */
interface Repeats {
  readonly blocks: number;
  readonly period: number;
}

/** How b repeats to the shape of a; undefined where it repeats otherwise, or in steps too short to be fast. */
function repeats(a: readonly number[], b: readonly number[]): Repeats | undefined {
  if (b.length > a.length) return undefined;
  const padded = [...a.slice(b.length).fill(1), ...b];
  let from = 0;
  let to = a.length;
  while (to > from && padded[to - 1] === a[to - 1]) to--;
  while (from < to && padded[from] === a[from]) from++;
  const period = sizeOf(a.slice(to));
  const blocks = sizeOf(a.slice(0, from));
  const isCovered = period >= 4 && blocks <= MAX_BLOCKS && padded.slice(from, to).every((n) => n === 1);
  return isCovered ? { blocks, period } : undefined;
}

function run(
  native: NativeModule,
  kind: number,
  [a, b]: readonly [TensorInfo, TensorInfo],
  { blocks, period }: Repeats,
  slope = 1,
): TensorInfo {
  const out = native.output(a.shape);
  const count = sizeOf(a.shape) / blocks;
  const [fromA, fromB, to] = [native.address(a), native.address(b), native.address(out)];
  for (let i = 0; i < blocks; i++) {
    const at = { a: fromA + 4 * count * i, b: fromB + 4 * period * i, y: to + 4 * count * i };
    const values = { ...at, count, period, kind, slope };
    native.start('elementwise', values, Math.ceil(count / POINTWISE_GRAIN));
  }
  return out;
}

/** All values of two tensors of one shape. */
const whole = ({ shape }: TensorInfo): Repeats => ({ blocks: 1, period: sizeOf(shape) });

/** `dy` where y > 0, `slope * dy` elsewhere; y is the rectifier's output. */
export function leakyReluGrad(
  native: NativeModule,
  { dy, y }: { readonly dy: TensorInfo; readonly y: TensorInfo },
  { slope }: Rectifier,
): TensorInfo {
  return run(native, RECTIFIER_GRADIENT, [dy, y], whole(y), slope);
}

/** A sum behind a leaky rectifier, in one pass. */
export function leakyReluSum(
  native: NativeModule,
  { a, b }: { readonly a: TensorInfo; readonly b: TensorInfo },
  { slope }: Rectifier,
): TensorInfo {
  return run(native, RECTIFIED_SUM, [a, b], whole(a), slope);
}

/** A sum or a product of numbers, of which one operand may repeat as the values of channels do; else that of tfjs. */
const binary =
  (kind: number): MakeKernel =>
  (native, previous) =>
  (call) => {
    const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
    const operands = sizeOf(a.shape) < sizeOf(b.shape) ? ([b, a] as const) : ([a, b] as const);
    const how =
      a.dtype === 'float32' && b.dtype === 'float32' && repeats(operands[0].shape, operands[1].shape);
    return how ? run(native, kind, operands, how) : previous!(call);
  };

/** Kernels of tfjs that compute value by value, which it does on one thread. */
export const elementwiseKernels: ReadonlyMap<string, MakeKernel> = new Map<string, MakeKernel>([
  ['Add', binary(SUM)],
  ['Multiply', binary(PRODUCT)],
  [
    'LeakyRelu',
    (native, previous) => (call) => {
      const x = call.inputs.x!;
      const { alpha } = call.attrs as { alpha: number };
      const isCovered = x.dtype === 'float32' && alpha > 0 && alpha <= 1;
      return isCovered ? run(native, RECTIFIER, [x, x], whole(x), alpha) : previous!(call);
    },
  ],
]);
