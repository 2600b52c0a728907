import type { Tensor } from '@tensorflow/tfjs-core';
import { dispatcher, type Kernel, type KernelRules, sizeOf } from './contract.js';

/** How soft Dice counts in one pass. */
export interface SoftDiceSettings {
  /** Squares in the denominator. */
  readonly squaredDenominator: boolean;
  /** Added to numerator and denominator. */
  readonly smooth: number;
  readonly includeBackground: boolean;
  /** A score for each sample rather than one for the batch. */
  readonly perSample: boolean;
}

/**
 * Kernels of losses of softmax(logits), `[batch, ...spatial, labels]`: the value, [], and its gradient to the logits. Labels are
 * int32 `[batch, ...spatial]`, or float32 of the shape of the logits.
 */
export interface LabelLossKernels {
  /** Mean cross-entropy. */
  SshnCrossEntropy: Kernel<'logits' | 'labels', object, 2>;
  /** Soft Dice loss. */
  SshnSoftDice: Kernel<'logits' | 'labels', SoftDiceSettings, 2>;
}

type ValueAndGradient = [value: Tensor, gradient: Tensor];

const dispatch = /* @__PURE__ */ dispatcher<LabelLossKernels>();

/** Mean cross-entropy and its gradient by the backend's kernel, or by the composition that `losses` has. */
export function fusedCrossEntropy(
  logits: Tensor,
  labels: Tensor,
  composed: () => ValueAndGradient,
): ValueAndGradient {
  return dispatch('SshnCrossEntropy', { logits, labels }, {}, composed);
}

/** Soft Dice loss and its gradient. */
export function fusedSoftDice(
  logits: Tensor,
  labels: Tensor,
  settings: SoftDiceSettings,
  composed: () => ValueAndGradient,
): ValueAndGradient {
  return dispatch('SshnSoftDice', { logits, labels }, settings, composed);
}

export const labelLossRules: KernelRules<LabelLossKernels> = {
  SshnCrossEntropy: {
    shapes: ({ logits }) => [{ shape: [], dtype: logits.dtype }, logits],
    // Softmax: 5; gradient: difference to the label, division by the number of pixels.
    work: ({ logits }) => ({ elementwise: 7 * sizeOf(logits) }),
  },
  SshnSoftDice: {
    shapes: ({ logits }) => [{ shape: [], dtype: logits.dtype }, logits],
    // Softmax: 5; sums of p·y, p and y: 2, 2, 1; gradient to p: 3; through softmax, p·(g − Σ g·p): 4.
    work: ({ logits }) => ({ elementwise: 17 * sizeOf(logits) }),
  },
};
