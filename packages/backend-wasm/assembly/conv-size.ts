import { ConvArgs } from './layout';

/** Pixels (voxels) of one image batch. */
@inline
export function pixelCount(args: ConvArgs): i32 {
  return args.batch * args.depth * args.height * args.width;
}

/** Taps of the kernel. */
@inline
export function tapCount(args: ConvArgs): i32 {
  return args.kernelDepth * args.kernelHeight * args.kernelWidth;
}
