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
}

/** Writes `ConvArgs` to `address` and clears the zeros that taps outside the image read. */
export function writeConvArgs(
  native: NativeModule,
  address: number,
  geometry: ConvGeometry,
  at: ConvAddresses,
): void {
  native.write('ConvArgs', address, { bias: 0, slope: 1, slots: 1, blockTiles: 0, ...at, ...geometry });
  native.words().fill(0, at.zeros >>> 2, (at.zeros + zerosBytes(geometry)) >>> 2);
}

/** Bytes of zeros that one pixel outside the image needs. */
export function zerosBytes(geometry: ConvGeometry): number {
  return (geometry.inChannels + 8) * 4;
}
