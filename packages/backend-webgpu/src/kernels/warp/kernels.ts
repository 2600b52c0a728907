import type { Implementations } from '@sshn/ops';
import type { DevicePrograms } from '../dispatch/device-programs.js';
import { warpGradImage } from './gradient-to-image.js';
import { warp, warpGradField } from './warp.js';

/** Warping and its two gradients. */
export const warpKernels = {
  SshnWarp: (device, { image, field }, sampling) => warp(device, { image, field }, sampling),
  SshnWarpGradField: (device, { dy, image, field }, sampling) =>
    warpGradField(device, { dy, image, field }, sampling),
  SshnWarpGradImage: (device, { dy, field }, { inputSize, ...sampling }) =>
    warpGradImage(device, { dy, field, inputSize }, sampling),
} satisfies Partial<Implementations<DevicePrograms>>;
