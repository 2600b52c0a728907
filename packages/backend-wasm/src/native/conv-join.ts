import type { TensorInfo } from '@tensorflow/tfjs-core';

import { conv, convGradInput, convGradKernel, fasterGradient, fasterInput, joinPays } from './conv.js';
import { convDirect, convKernelGradientDirect } from './conv-direct.js';
import { type ConvGeometry, convGeometry, type KernelCut, transposed } from './conv-geometry.js';
import { convWinogradJoined, type TileBand } from './conv-winograd.js';
import { concat, split } from './copies.js';
import { bytesOf, SIZES } from './layout.js';
import type { NativeModule } from './module.js';
import { inverseBytes, resize, resizeGrad } from './resize.js';

/** What a convolution of an upsampled map and a skip reads. */
export interface JoinInputs {
  /** `[batch, ...lowSize, lowChannels]`. */
  readonly low: TensorInfo;
  /** `[batch, ...size, skipChannels]`. */
  readonly skip: TensorInfo;
  /** `[...window, lowChannels + skipChannels, out]`. */
  readonly kernel: TensorInfo;
}

/** The map at its own resolution apart from the skip, or both in one tensor. */
export type JoinWay = 'apart' | 'whole';

/** Products that the forward pass makes at once, about: they are still in the cache when they are read. */
const FORWARD_BYTES = 2 ** 21;

/** Gradients to products that are made at once: more of them, so that there is work for many threads. */
const BACKWARD_BYTES = 2 ** 23;

/** Tasks that the rows of a band fall into, at most. */
const MAX_TASKS = 64;

/** Read, but not used, behind the last products. */
const MARGIN = 128;

/** Bytes between the scratch of two threads, so that they share no cache line. */
const PRIVATE = 128;

/** Size of the padding that `joinGradient` puts around lines and weights. */
const LINE_MARGIN = 64;

/** Sizes of the two inputs and of the result in two dimensions. */
interface Join {
  readonly lowHeight: number;
  readonly lowWidth: number;
  readonly lowChannels: number;
  readonly height: number;
  readonly width: number;
  readonly outChannels: number;
  /** Of the skip's half. */
  readonly geometry: ConvGeometry;
  /** The parts of the kernel that meet the map, as a product with all taps, and the skip. */
  readonly cuts: { readonly low: KernelCut; readonly skip: KernelCut };
  /** Of one row of products. */
  readonly rowBytes: number;
}

/**
 * y = leaky(conv(concat(up(low), skip), kernel) + bias), where `up` brings the map to the skip's size by linear interpolation.
 *
 * Where that is faster, for maps that grow by more than two or so, the map is convolved at its own resolution: convolution and
 * interpolation are linear, so that products with the nine taps can be interpolated in place of what they are products of.
 *
 * @param way The faster one where left out; for volumes and other kernels than 3×3 always 'whole'.
 */
export function convJoin(
  native: NativeModule,
  inputs: JoinInputs & { readonly bias: TensorInfo },
  slope: number,
  way?: JoinWay,
): TensorInfo {
  const join = joinOf(inputs);
  const { bias } = inputs;
  if (join !== undefined && (way === undefined ? joinPays(join, 'forward') : way === 'apart'))
    return forward(native, join, inputs, slope);
  const joined = joinedInput(native, inputs);
  const y = conv(native, joined, inputs.kernel, { bias, slope });
  native.release(joined);
  return y;
}

/** Gradients of `convJoin`, without bias and rectifier, to the map, the skip and the kernel. */
export function convJoinGrad(
  native: NativeModule,
  dy: TensorInfo,
  inputs: JoinInputs,
  way?: JoinWay,
): [toLow: TensorInfo, toSkip: TensorInfo, toKernel: TensorInfo] {
  const join = joinOf(inputs);
  if (join !== undefined && (way === undefined ? joinPays(join, 'backward') : way === 'apart'))
    return backward(native, join, dy, inputs);
  const { low, skip, kernel } = inputs;
  const toJoined = convGradInput(native, dy, kernel);
  const channels = [low.shape.at(-1)!, skip.shape.at(-1)!];
  const [toUp, toSkip] = split(native, toJoined, channels, skip.shape.length - 1) as [TensorInfo, TensorInfo];
  native.release(toJoined);
  const toLow = isSameSize(low, skip) ? toUp : resizeGrad(native, toUp, low.shape.slice(1, -1));
  if (toLow !== toUp) native.release(toUp);
  const joined = joinedInput(native, inputs);
  const toKernel = convGradKernel(native, joined, dy, kernel.shape.slice(0, -2));
  native.release(joined);
  return [toLow, toSkip, toKernel];
}

/** The map upsampled, and the skip, in one tensor. */
function joinedInput(native: NativeModule, { low, skip }: JoinInputs): TensorInfo {
  const axis = skip.shape.length - 1;
  if (isSameSize(low, skip)) return concat(native, [low, skip], axis);
  const up = resize(native, low, skip.shape.slice(1, -1));
  const joined = concat(native, [up, skip], axis);
  native.release(up);
  return joined;
}

function isSameSize(low: TensorInfo, skip: TensorInfo): boolean {
  return low.shape.slice(1, -1).join() === skip.shape.slice(1, -1).join();
}

/** None for volumes and for other kernels than 3×3. */
function joinOf({ low, skip, kernel }: JoinInputs): Join | undefined {
  if (kernel.shape.length !== 4 || kernel.shape[0] !== 3 || kernel.shape[1] !== 3) return undefined;
  const [, lowHeight, lowWidth, lowChannels] = low.shape as [number, number, number, number];
  const [, height, width, skipChannels] = skip.shape as [number, number, number, number];
  const outChannels = kernel.shape[3]!;
  const total = lowChannels + skipChannels;
  return {
    lowHeight,
    lowWidth,
    lowChannels,
    height,
    width,
    outChannels,
    geometry: convGeometry(skip.shape, [3, 3, skipChannels, outChannels]),
    cuts: {
      low: { first: 0, total, isTaps: true },
      skip: { first: lowChannels, total, isTaps: false },
    },
    rowBytes: lowWidth * 9 * outChannels * 4,
  };
}

/** The products of some rows of the map, as a 1×1 convolution. */
function productsOf({ lowWidth, lowChannels, outChannels }: Join, rows: number): ConvGeometry {
  return convGeometry([1, 1, rows * lowWidth, lowChannels], [1, 1, lowChannels, 9 * outChannels]);
}

function forward(
  native: NativeModule,
  join: Join,
  { low, skip, kernel, bias }: JoinInputs & { readonly bias: TensorInfo },
  slope: number,
): TensorInfo {
  const { lowHeight, lowWidth, lowChannels, geometry, cuts, rowBytes } = join;
  const y = native.output([...skip.shape.slice(0, -1), join.outChannels]);
  const bands = forwardBands(join);
  const most = Math.max(...bands.map((band) => band.endRow - band.firstRow));
  const products = native.allocate(most * rowBytes + MARGIN);
  const weights = {
    kernel: native.address(kernel),
    kernelData: native.dataNumber(kernel),
    isGradient: false,
  };
  try {
    for (const band of bands) {
      convDirect(native, productsOf(join, band.endRow - band.firstRow), {
        ...weights,
        cut: cuts.low,
        x: native.address(low) + band.firstRow * lowWidth * lowChannels * 4,
        bias: 0,
        y: products,
        slope: 1,
      });
      convWinogradJoined(
        native,
        geometry,
        {
          ...weights,
          cut: cuts.skip,
          x: native.address(skip),
          bias: native.address(bias),
          y: native.address(y),
          slope,
        },
        { ...band, products, lowHeight, lowWidth },
      );
    }
  } finally {
    native.free(products);
  }
  return y;
}

/** Lines of tiles with the rows of the map that they read. */
function forwardBands({ geometry, lowHeight, height, rowBytes }: Join): TileBand[] {
  const down = Math.ceil(height / 4);
  const lines = geometry.batch * down;
  // Two rows more than its share are read by a band.
  const rows = Math.max(1, Math.floor(FORWARD_BYTES / rowBytes) - 2);
  const count = Math.ceil(lines / Math.max(1, Math.floor((rows * down) / lowHeight)));
  return Array.from({ length: count }, (_, i) => {
    const firstLine = Math.floor((i * lines) / count);
    const endLine = Math.floor(((i + 1) * lines) / count);
    const top = Math.max(0, (firstLine % down) * 4 - 1);
    const bottom = Math.min(height - 1, (((endLine - 1) % down) + 1) * 4);
    return {
      firstLine,
      endLine,
      firstRow: Math.floor(firstLine / down) * lowHeight + lowerRow(top, lowHeight, height),
      endRow:
        Math.floor((endLine - 1) / down) * lowHeight +
        Math.min(lowHeight, lowerRow(bottom, lowHeight, height) + 2),
    };
  });
}

/** The first of the two rows that row `o` of `outSize` reads: see `fillAxis`. */
function lowerRow(o: number, inSize: number, outSize: number): number {
  return Math.floor(Math.min(Math.max((o + 0.5) * (inSize / outSize) - 0.5, 0), inSize - 1));
}

function backward(
  native: NativeModule,
  join: Join,
  dy: TensorInfo,
  { low, skip, kernel }: JoinInputs,
): [TensorInfo, TensorInfo, TensorInfo] {
  const { lowHeight, lowWidth, lowChannels, outChannels, geometry, cuts, rowBytes } = join;
  const toLow = native.output(low.shape);
  const toSkip = native.output(skip.shape);
  const toKernel = native.output(kernel.shape);
  const back = transposed(geometry);
  const weights = { kernel: native.address(kernel), kernelData: native.dataNumber(kernel), isGradient: true };
  fasterInput(back)(native, back, {
    ...weights,
    cut: cuts.skip,
    x: native.address(dy),
    bias: 0,
    y: native.address(toSkip),
    slope: 1,
  });
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

/** The gradients to the products of rows `first` to before `end` of the map, at `products`. */
function productGradients(
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
  native.start('joinGradient', at.args, values, Math.ceil(rows / grain));
}

/** Puts the gradient to a part of the kernel where it belongs: the reverse of `cutKernel`. */
function pasteKernel(
  native: NativeModule,
  { lowChannels, geometry, outChannels }: Join,
  { first, total, isTaps }: KernelCut,
  from: number,
  kernel: number,
): void {
  const channels = isTaps ? lowChannels : geometry.inChannels;
  const bytes = 4 * outChannels;
  for (let tap = 0; tap < 9; tap++) {
    const to = kernel + (tap * total + first) * bytes;
    if (isTaps) native.exports.moveRuns(from + tap * bytes, 9 * bytes, to, bytes, bytes, channels);
    else native.exports.moveRuns(from + tap * channels * bytes, bytes, to, bytes, bytes, channels);
  }
}
