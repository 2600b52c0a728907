import { inferenceWork } from './unet-inference.js';
import type { Work } from './work.js';

/** A volume through a 3D U-Net. */
export const unet3d: readonly Work[] = [0.25, 0.5].map((factor) =>
  inferenceWork(
    `unet3d-inference-${factor}`,
    `3D U-Net inference, 8 features, 64³, φ = ${factor}`,
    [64, 64, 64],
    { inChannels: 1, outChannels: 2, features: 8 },
    factor,
  ),
);
