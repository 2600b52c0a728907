import type { Implementations } from '@sshn/ops';
import type { DevicePrograms } from '../dispatch/device-programs.js';
import { crossEntropy } from './cross-entropy.js';
import { localNcc, localNccGrad } from './local-ncc.js';
import { softDice } from './soft-dice.js';

/** Losses with their gradients. */
export const lossKernels = {
  SshnCrossEntropy: (device, { logits, labels }) => crossEntropy(device, { logits, labels }),
  SshnSoftDice: (device, { logits, labels }, settings) => softDice(device, { logits, labels }, settings),
  SshnLocalNcc: (device, { moved, fixed }, settings) => localNcc(device, { moved, fixed }, settings),
  SshnLocalNccGrad: (device, { moved, fixed, maps }, { window }) =>
    localNccGrad(device, { moved, fixed, maps }, window),
} satisfies Partial<Implementations<DevicePrograms>>;
