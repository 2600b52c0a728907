/**
 * What a convolution kernel needs to know, as it lies in memory: 32-bit words in this order.
 * `src/native/conv-call.ts` writes it; keep the two in step.
 *
 * Tensors are channels-last: x `[batch, depth, height, width, inChannels]`, y the same with `outChannels`;
 * two dimensions are depth 1 with `kernelDepth` 1. Stride 1, zero padding, odd kernel edges.
 */
@unmanaged
export class ConvArgs {
  /** Address of the input x. */
  x: usize;
  /** Address of the packed or transformed kernel (forward), or of dy (gradient to the kernel). */
  w: usize;
  /** Address of the bias, or 0 for none. */
  bias: usize;
  /** Address of the output. */
  y: usize;
  /** Address of the first worker's scratch. */
  scratch: usize;
  /** Bytes from one worker's scratch to the next one's. */
  scratchStride: usize;
  /** Address of `inChannels + 8` zeros: what taps outside the image read. */
  zeros: usize;
  batch: i32;
  depth: i32;
  height: i32;
  width: i32;
  inChannels: i32;
  outChannels: i32;
  kernelDepth: i32;
  kernelHeight: i32;
  kernelWidth: i32;
  /** Factor of the leaky rectifier for negative values; 1 leaves the sum as it is. */
  slope: f32;
  /** Partial sums in which a gradient to the kernel is gathered. */
  slots: i32;
  /** Winograd tiles that are transformed, multiplied and transformed back together; a multiple of 4. */
  blockTiles: i32;
}

/** Pixels (voxels) of one image batch. */
// @ts-ignore: decorator
@inline
export function pixelCount(args: ConvArgs): i32 {
  return args.batch * args.depth * args.height * args.width;
}

/** Taps of the kernel. */
// @ts-ignore: decorator
@inline
export function tapCount(args: ConvArgs): i32 {
  return args.kernelDepth * args.kernelHeight * args.kernelWidth;
}
