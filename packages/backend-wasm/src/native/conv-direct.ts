import { CONV_ARGS_BYTES, writeConvArgs, zerosBytes } from './conv-args.js';
import type { ConvOperands, KernelGradientOperands } from './conv-operands.js';
import { type ConvGeometry, pixelCount, tapCount } from './geometry.js';
import type { NativeModule } from './module.js';

/** Pixels of one chunk; `CHUNK` of `assembly/conv-table.ts`. */
const CHUNK = 64;

/** A chunk's share of the pixels before a gradient to the kernel opens another partial sum. */
const CHUNKS_PER_SLOT = 16;

const MAX_SLOTS = 8;

/** Sums of one register tile in memory. */
const SUMS_BYTES = 128;

/** y = leaky(conv(x, kernel) + bias), any odd kernel, by sums over the taps. */
export function convDirect(native: NativeModule, geometry: ConvGeometry, operands: ConvOperands): void {
  const { inChannels, outChannels } = geometry;
  const taps = tapCount(geometry);
  const scratchStride = taps * CHUNK * 4 + SUMS_BYTES;
  const at = native.reserve({
    args: CONV_ARGS_BYTES,
    zeros: zerosBytes(geometry),
    packed: taps * inChannels * Math.ceil(outChannels / 8) * 32,
    scratch: scratchStride,
  });
  const { x, kernel, isGradient, bias, y, slope } = operands;
  native.exports.packKernel(kernel, at.packed, taps, inChannels, outChannels, isGradient);
  const { scratch, zeros } = at;
  writeConvArgs(native, at.args, geometry, {
    x,
    w: at.packed,
    bias,
    y,
    scratch,
    scratchStride,
    zeros,
    slope,
  });
  native.exports.convDirect(at.args, 0, Math.ceil(pixelCount(geometry) / CHUNK), 0);
}

/** Gradient to the kernel at `out`, `[taps, inChannels, outChannels]`, from x and dy. */
export function convKernelGradientDirect(
  native: NativeModule,
  geometry: ConvGeometry,
  operands: KernelGradientOperands,
): void {
  const { inChannels, outChannels } = geometry;
  const taps = tapCount(geometry);
  const chunks = Math.ceil(pixelCount(geometry) / CHUNK);
  const slots = Math.min(MAX_SLOTS, Math.ceil(chunks / CHUNKS_PER_SLOT));
  const scratchStride = taps * CHUNK * 4;
  const at = native.reserve({
    args: CONV_ARGS_BYTES,
    zeros: zerosBytes(geometry),
    scratch: scratchStride,
    partials: slots * taps * Math.ceil(inChannels / 4) * Math.ceil(outChannels / 8) * 128,
  });
  const { scratch, zeros, partials } = at;
  const { x, dy, out } = operands;
  writeConvArgs(native, at.args, geometry, { x, w: dy, y: partials, scratch, scratchStride, zeros, slots });
  native.exports.convKernelGradient(at.args, 0, slots, 0);
  native.exports.sumSlots(partials, slots, out, taps, inChannels, outChannels);
}
