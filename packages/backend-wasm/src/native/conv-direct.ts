import {
  type ConvGeometry,
  type ConvOperands,
  cutBytes,
  cutKernel,
  type KernelGradientOperands,
  pixelCount,
  tapCount,
  writeConvArgs,
  zerosBytes,
} from './conv-geometry.js';
import { bytesOf, SIZES } from './layout.js';
import type { NativeModule } from './module.js';

const { CHUNK, PATCH_VALUES, SUMS_BYTES } = SIZES;

/** A chunk's share of the pixels before a gradient to the kernel opens another partial sum. */
const CHUNKS_PER_SLOT = 16;

const MAX_SLOTS = 8;

/** Bytes between the scratch of two threads, so that they share no cache line. */
const PRIVATE = 128;

/** Longest sum of a 1×1 convolution that is gathered in one go; longer ones lose bits. */
const LONGEST_PRODUCT = 256;

/** y = leaky(conv(x, kernel) + bias), any odd kernel, by sums over the taps. */
export function convDirect(native: NativeModule, geometry: ConvGeometry, operands: ConvOperands): void {
  const { inChannels, outChannels } = geometry;
  const taps = tapCount(geometry);
  const values = taps * inChannels;
  const scratchStride = SUMS_BYTES + CHUNK * 4 * (values > PATCH_VALUES ? taps : values) + PRIVATE;
  const bytes = taps * inChannels * Math.ceil(outChannels / 8) * 32;
  const at = native.reserve({
    args: bytesOf('ConvArgs'),
    zeros: zerosBytes(geometry),
    packed: bytes,
    cut: cutBytes(geometry, operands),
    scratch: scratchStride * native.threads,
  });
  const { x, kernelData, isGradient, bias, y, slope } = operands;
  const w = native.packed.addressOf({
    data: kernelData,
    form: `direct ${taps} ${inChannels} ${outChannels} ${isGradient} ${operands.cut?.first}`,
    bytes,
    scratch: at.packed,
    write: (to) => {
      const kernel = cutKernel(native, geometry, operands, at.cut);
      native.exports.packKernel(kernel, to, taps, inChannels, outChannels, isGradient);
    },
  });
  const { scratch, zeros } = at;
  writeConvArgs(native, at.args, geometry, {
    x,
    w,
    bias,
    y,
    scratch,
    scratchStride,
    zeros,
    slope,
  });
  const isProduct = taps === 1 && inChannels <= LONGEST_PRODUCT;
  native.run(isProduct ? 'convPointwise' : 'convDirect', at.args, Math.ceil(pixelCount(geometry) / CHUNK));
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
  const scratchStride = taps * CHUNK * 4 + PRIVATE;
  const at = native.reserve({
    args: bytesOf('ConvArgs'),
    zeros: zerosBytes(geometry),
    scratch: scratchStride * native.threads,
    partials: slots * taps * Math.ceil(inChannels / 4) * Math.ceil(outChannels / 8) * 128,
  });
  const { scratch, zeros, partials } = at;
  const { x, dy, out } = operands;
  writeConvArgs(native, at.args, geometry, { x, w: dy, y: partials, scratch, scratchStride, zeros, slots });
  native.run('convKernelGradient', at.args, slots);
  native.exports.sumSlots(partials, slots, out, taps, inChannels, outChannels);
}
