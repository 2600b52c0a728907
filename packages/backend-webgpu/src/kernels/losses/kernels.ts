import type { Kernel } from '../kernel.js';
import { crossEntropy } from './cross-entropy.js';
import { type LocalNccSettings, localNcc, localNccGrad } from './local-ncc.js';
import { type DiceSettings, softDice } from './soft-dice.js';

/** Losses with their gradients. */
export const lossKernels: Readonly<Record<string, Kernel>> = {
  SshnCrossEntropy: (device, { logits, labels }) =>
    crossEntropy(device, { logits: logits!, labels: labels! }),
  SshnSoftDice: (device, { logits, labels }, settings) =>
    softDice(device, { logits: logits!, labels: labels! }, settings as unknown as DiceSettings),
  SshnLocalNcc: (device, { moved, fixed }, settings) =>
    localNcc(device, { moved: moved!, fixed: fixed! }, settings as unknown as LocalNccSettings),
  SshnLocalNccGrad: (device, { moved, fixed, maps }, { window }) =>
    localNccGrad(device, { moved: moved!, fixed: fixed!, maps: maps! }, window as number),
};
