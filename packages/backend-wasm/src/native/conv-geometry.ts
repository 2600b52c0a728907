import type { NativeModule } from './module.js';

/**
 * Sizes of a stride-1, zero-padded ('same') convolution with odd kernel edges.
 * Two dimensions are depth 1 and kernel depth 1.
 */
export interface ConvGeometry {
  readonly batch: number;
  readonly depth: number;
  readonly height: number;
  readonly width: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelDepth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
}

/**
 * The geometry of x `[batch, (depth,) height, width, inChannels]` under a kernel
 * `[(kernelDepth,) kernelHeight, kernelWidth, inChannels, outChannels]`.
 *
 * @throws {RangeError} if the ranks or channels do not fit or a kernel edge is even.
 */
export function convGeometry(xShape: readonly number[], kernelShape: readonly number[]): ConvGeometry {
  const [batch = 0, ...rest] = xShape;
  const inChannels = rest.pop() ?? 0;
  const edges = kernelShape.slice(0, -2);
  const outChannels = kernelShape[kernelShape.length - 1] ?? 0;
  if (
    rest.length !== edges.length ||
    (rest.length !== 2 && rest.length !== 3) ||
    kernelShape[kernelShape.length - 2] !== inChannels ||
    edges.some((edge) => edge % 2 === 0)
  ) {
    throw new RangeError(
      `Native convolution: input [${xShape.join(', ')}] does not fit kernel [${kernelShape.join(', ')}]; ` +
        'expected [batch, (depth,) height, width, in] and [(depth,) height, width, in, out] with odd kernel edges.',
    );
  }
  const [depth = 1, height = 1, width = 1] = rest.length === 3 ? rest : [1, ...rest];
  const [kernelDepth = 1, kernelHeight = 1, kernelWidth = 1] = edges.length === 3 ? edges : [1, ...edges];
  return { batch, depth, height, width, inChannels, outChannels, kernelDepth, kernelHeight, kernelWidth };
}

/** The geometry of the gradient to the input: channels exchanged. */
export function transposed(geometry: ConvGeometry): ConvGeometry {
  return { ...geometry, inChannels: geometry.outChannels, outChannels: geometry.inChannels };
}

/** Pixels (voxels) of the whole batch. */
export function pixelCount(geometry: ConvGeometry): number {
  return geometry.batch * geometry.depth * geometry.height * geometry.width;
}

/** Taps of the kernel. */
export function tapCount(geometry: ConvGeometry): number {
  return geometry.kernelDepth * geometry.kernelHeight * geometry.kernelWidth;
}

/** Some input channels of a kernel `[taps, total, out]`. */
export interface KernelCut {
  readonly first: number;
  readonly total: number;
  readonly taps: number;
  /** Whether they are arranged as the kernel of a 1×1 convolution `[channels, taps * out]`. */
  readonly isTaps: boolean;
}

/** What a convolution works on besides its geometry: addresses in the wasm memory. */
export interface ConvOperands {
  readonly x: number;
  /**
   * The kernel `[taps, in, out]`; in a gradient to the input that of the forward convolution, `[taps, out, in]` of the
   * gradient's own geometry.
   */
  readonly kernel: number;
  /** `dataNumber` of the kernel, whose packed form is kept if it is used again; none for never. */
  readonly kernelData?: number;
  /** Where the convolution's kernel is a part of that at `kernel`. */
  readonly cut?: KernelCut;
  readonly isGradient: boolean;
  /** 0 for none. */
  readonly bias: number;
  readonly y: number;
  /** Factor of the leaky rectifier below zero; 1 for none. */
  readonly slope: number;
}

/** What a gradient to the kernel works on. */
export interface KernelGradientOperands {
  readonly x: number;
  readonly dy: number;
  /** `[taps, in, out]`. */
  readonly out: number;
}

/** Where a convolution finds its data; see `ConvArgs`. */
export interface ConvAddresses {
  readonly x: number;
  readonly w: number;
  readonly bias?: number;
  readonly y: number;
  /** Scratch of all threads, `scratchStride` bytes each. */
  readonly scratch: number;
  readonly scratchStride: number;
  readonly zeros: number;
  /** @default 1 */
  readonly slope?: number;
  /** @default 1 */
  readonly slots?: number;
  /** @default 0 */
  readonly blockTiles?: number;
  /** @default 1 */
  readonly blockSlices?: number;
  /** @default 0 */
  readonly firstTile?: number;
  /** @default 0 */
  readonly endTile?: number;
  /** @default 4 */
  readonly tile?: number;
  /** @default 0 */
  readonly join?: number;
}

const DEFAULTS = {
  bias: 0,
  slope: 1,
  slots: 1,
  blockTiles: 0,
  blockSlices: 1,
  firstTile: 0,
  endTile: 0,
  tile: 4,
  join: 0,
};

/** Writes `ConvArgs` to `address` and clears the zeros that taps outside the image read. */
export function writeConvArgs(
  native: NativeModule,
  address: number,
  geometry: ConvGeometry,
  at: ConvAddresses,
): void {
  // Not spread into one object, which takes longer than a small convolution.
  native.write('ConvArgs', address, at, geometry, DEFAULTS);
  native.words().fill(0, at.zeros >>> 2, (at.zeros + zerosBytes(geometry)) >>> 2);
}

/** Bytes of zeros that one pixel outside the image needs. */
export function zerosBytes(geometry: ConvGeometry): number {
  return (geometry.inChannels + 8) * 4;
}

/** Bytes of scratch for a kernel that is cut out of a larger one. */
export function cutBytes(geometry: ConvGeometry, { cut }: ConvOperands): number {
  return cut === undefined ? 0 : 4 * tapCount(geometry) * geometry.inChannels * geometry.outChannels;
}

/** Address of the kernel, cut out to `to` where it is part of a larger one. */
export function cutKernel(
  native: NativeModule,
  geometry: ConvGeometry,
  { kernel, cut, isGradient }: ConvOperands,
  to: number,
): number {
  if (cut === undefined) return kernel;
  const { first, total, taps, isTaps } = cut;
  const [inside, outside] = isGradient
    ? [geometry.outChannels, geometry.inChannels]
    : [geometry.inChannels, geometry.outChannels];
  const channels = inside;
  const out = isTaps ? outside / taps : outside;
  for (let tap = 0; tap < taps; tap++) {
    const from = kernel + 4 * (tap * total + first) * out;
    if (isTaps) native.exports.moveRuns(from, 4 * out, to + 4 * tap * out, 4 * taps * out, 4 * out, channels);
    else native.exports.moveRuns(from, 0, to + 4 * tap * channels * out, 0, 4 * channels * out, 1);
  }
  return to;
}
