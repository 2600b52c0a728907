import { type GradConfig, getGradient, registerGradient } from '@tensorflow/tfjs-core';
import { activations } from './activations.js';
import { arithmetic, arithmeticFixes } from './arithmetic.js';
import { constants } from './constants.js';
import { convolution } from './convolution.js';
import { depthwise } from './depthwise.js';
import { elementwise } from './elementwise.js';
import { gather } from './gather.js';
import { padding, paddingFixes } from './padding.js';
import { pooling } from './pooling.js';
import { products } from './products.js';
import { reductionFixes, reductions } from './reductions.js';
import { resampling } from './resampling.js';
import { shape } from './shape.js';

/** Left alone where somebody (the union package `@tensorflow/tfjs`, for one) has registered a gradient. */
const additions: readonly GradConfig[] = [
  ...arithmetic,
  ...elementwise,
  ...activations,
  ...reductions,
  ...shape,
  ...padding,
  ...pooling,
  ...depthwise,
  ...constants,
];

/** Registered in any case: stock tfjs has these slow, incomplete or wrong. */
const replacements: readonly GradConfig[] = [
  ...arithmeticFixes,
  ...reductionFixes,
  ...paddingFixes,
  ...products,
  ...convolution,
  ...resampling,
  ...gather,
];

/**
 * Registers the gradients that networks need: `@tensorflow/tfjs-core` alone registers none in Node.
 *
 * Gradients that are registered already stay, except those that stock tfjs has slow or wrong: products and
 * convolutions, resizing, gathering, mirrored padding, tiling, cumulative sums, ties of `max` and `min`, broadcasting in
 * `maximum`, `minimum` and `squaredDifference`. May be called any number of times, from several copies of this package;
 * `valueAndGradients` calls it.
 *
 * @example
 * registerGradients();
 * const slope = grad((x) => sum(square(x)))(tensor1d([1, 2]));   // [2, 4]
 */
export function registerGradients(): void {
  for (const config of additions) {
    if (getGradient(config.kernelName) == null) registerGradient(config);
  }
  for (const config of replacements) {
    if (getGradient(config.kernelName) !== config) registerGradient(config);
  }
}
