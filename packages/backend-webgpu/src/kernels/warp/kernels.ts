import type { Kernel } from '../kernel.js';
import { warpGradImage } from './gradient-to-image.js';
import type { WarpSampling } from './sampling.js';
import { warp, warpGradField } from './warp.js';

/** Warping and its two gradients. */
export const warpKernels: Readonly<Record<string, Kernel>> = {
  SshnWarp: (device, { image, field }, sampling) =>
    warp(device, { image: image!, field: field! }, sampling as unknown as WarpSampling),
  SshnWarpGradField: (device, { dy, image, field }, sampling) =>
    warpGradField(device, { dy: dy!, image: image!, field: field! }, sampling as unknown as WarpSampling),
  SshnWarpGradImage: (device, { dy, field }, { inputSize, ...sampling }) =>
    warpGradImage(
      device,
      { dy: dy!, field: field!, inputSize: inputSize as number[] },
      sampling as unknown as WarpSampling,
    ),
};
