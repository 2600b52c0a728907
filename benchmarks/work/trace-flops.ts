import { networkFor } from './networks.js';
import type { Work } from './work.js';

/** FLOPs of a network too large to run here, from its trace. No peer does that. */
export const traceFlops: readonly Work[] = [
  {
    name: 'trace-unet3d',
    title: 'FLOPs of a 3D U-Net at 256³ from its trace',
    job: {
      kind: 'trace',
      network: networkFor([256, 256, 256], 0.5, { inChannels: 1, outChannels: 25, features: 32 }),
      factor: 0.5,
    },
    inputs: () => new Map(),
  },
];
