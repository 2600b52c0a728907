import type { TensorInfo } from '@tensorflow/tfjs-core';
import { fasterGradient, fasterInput } from './conv.js';
import { convDirect, convKernelGradientDirect } from './conv-direct.js';
import { type KernelCut, transposed } from './conv-geometry.js';
import { type Join, type JoinInputs, MARGIN, productsOf } from './join-forward.js';
import { bytesOf, SIZES } from './layout.js';
import type { NativeModule } from './module.js';
import { inverseBytes } from './resize.js';

/** Gradients to products that are made at once: more of them, so that there is work for many threads. */
const BACKWARD_BYTES = 2 ** 23;

/** Tasks that the rows of a band fall into, at most. */
const MAX_TASKS = 64;

/** Bytes between the scratch of two threads, so that they share no cache line. */
const PRIVATE = 128;

/** Size of the padding that `joinGradient` puts around lines and weights. */
const LINE_MARGIN = 64;

/** Gradients of `convJoin` of images to the map, the skip and the kernel, with the map at its own resolution, band by band. */
export function joinBackward(
  native: NativeModule,
  join: Join,
  dy: TensorInfo,
  { low, skip, kernel }: JoinInputs,
): [TensorInfo, TensorInfo, TensorInfo] {
  const { lowHeight, lowWidth, lowChannels, outChannels, geometry, cuts, rowBytes } = join;
  const toLow = native.output(low.shape);
  const toSkip = gradientToSkip(native, join, dy, { skip, kernel });
  const toKernel = native.output(kernel.shape);
  const weights = { kernel: native.address(kernel), kernelData: native.dataNumber(kernel), isGradient: true };
  const rows = geometry.batch * lowHeight;
  const count = Math.ceil(rows / Math.max(1, Math.floor(BACKWARD_BYTES / rowBytes)));
  const bands = Array.from({ length: count }, (_, i) => ({
    first: Math.floor((i * rows) / count),
    end: Math.floor(((i + 1) * rows) / count),
  }));
  const lowValues = lowChannels * 9 * outChannels;
  const partBytes = Math.ceil(lowValues / 4) * 16;
  const skipBytes = 36 * geometry.inChannels * outChannels;
  const productBytes = Math.ceil(rows / count) * rowBytes + MARGIN;
  const block = native.allocate(productBytes + Math.max(skipBytes, (count + 1) * partBytes) + MARGIN);
  const parts = block + productBytes;
  try {
    for (const [i, { first, end }] of bands.entries()) {
      productGradients(native, join, native.address(dy), { first, end, products: block });
      const product = productsOf(join, end - first);
      const offset = first * lowWidth * lowChannels * 4;
      convDirect(native, transposed(product), {
        ...weights,
        cut: cuts.low,
        x: block,
        bias: 0,
        y: native.address(toLow) + offset,
        slope: 1,
      });
      const operands = { x: native.address(low) + offset, dy: block, out: parts + i * partBytes };
      convKernelGradientDirect(native, product, operands);
    }
    const total = parts + count * partBytes;
    native.exports.addSlots(parts, count, total, lowValues);
    pasteKernel(native, join, cuts.low, total, native.address(toKernel));
    const operands = { x: native.address(skip), dy: native.address(dy), out: parts };
    fasterGradient(geometry)(native, geometry, operands);
    pasteKernel(native, join, cuts.skip, parts, native.address(toKernel));
  } finally {
    native.free(block);
  }
  return [toLow, toSkip, toKernel];
}

/** The gradient to the skip: that of a convolution of it alone. */
export function gradientToSkip(
  native: NativeModule,
  { geometry, cuts }: Join,
  dy: TensorInfo,
  { skip, kernel }: Pick<JoinInputs, 'skip' | 'kernel'>,
): TensorInfo {
  const toSkip = native.output(skip.shape);
  const back = transposed(geometry);
  fasterInput(native, back)(native, back, {
    kernel: native.address(kernel),
    kernelData: native.dataNumber(kernel),
    isGradient: true,
    cut: cuts.skip,
    x: native.address(dy),
    bias: 0,
    y: native.address(toSkip),
    slope: 1,
  });
  return toSkip;
}

/** The gradients to the products of rows `first` to before `end` of the map, at `products`. */
export function productGradients(
  native: NativeModule,
  { lowHeight, lowWidth, height, width, outChannels }: Join,
  dy: number,
  { first, end, products }: { readonly first: number; readonly end: number; readonly products: number },
): void {
  const lines = 3 * (width * outChannels * 4 + LINE_MARGIN);
  const scratchStride = Math.ceil((lines + Math.max(height, width) * 4 + LINE_MARGIN + PRIVATE) / 64) * 64;
  const at = native.reserve({
    args: bytesOf('JoinGradientArgs'),
    axis: Math.max(height, width) * SIZES.AXIS_ENTRY,
    height: inverseBytes(lowHeight, height),
    width: inverseBytes(lowWidth, width),
    scratch: scratchStride * native.threads,
  });
  native.exports.fillAxis(at.axis, lowHeight, height);
  native.exports.invertAxis(at.axis, at.height, lowHeight, height);
  native.exports.fillAxis(at.axis, lowWidth, width);
  native.exports.invertAxis(at.axis, at.width, lowWidth, width);
  const rows = end - first;
  const grain = Math.ceil(rows / MAX_TASKS);
  const values = {
    dy,
    products,
    firstRow: first,
    rows,
    grain,
    lowHeight,
    lowWidth,
    height,
    width,
    channels: outChannels,
    heightTable: at.height,
    widthTable: at.width,
    scratch: at.scratch,
    scratchStride,
  };
  native.start('joinGradient', values, Math.ceil(rows / grain), at.args);
}

/** Puts the gradient to a part of the kernel where it belongs: the reverse of `cutKernel`. */
export function pasteKernel(
  native: NativeModule,
  { lowChannels, geometry, outChannels }: Join,
  { first, total, taps, isTaps }: KernelCut,
  from: number,
  kernel: number,
): void {
  const channels = isTaps ? lowChannels : geometry.inChannels;
  const bytes = 4 * outChannels;
  for (let tap = 0; tap < taps; tap++) {
    const to = kernel + (tap * total + first) * bytes;
    if (isTaps) native.exports.moveRuns(from + tap * bytes, taps * bytes, to, bytes, bytes, channels);
    else native.exports.moveRuns(from + tap * channels * bytes, bytes, to, bytes, bytes, channels);
  }
}
