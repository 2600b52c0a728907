import { type GradConfig, getGradient, registerGradient } from '@tensorflow/tfjs-core';
import { repairCurrentBackend } from '../repairs/repair-kernels.js';
import { gathering } from './arrangement/gather.js';
import { padding, paddingFixes } from './arrangement/padding.js';
import { resampling } from './arrangement/resampling.js';
import { shape } from './arrangement/shape.js';
import { activations } from './pointwise/activations.js';
import { arithmetic, arithmeticFixes } from './pointwise/arithmetic.js';
import { constants } from './pointwise/constants.js';
import { elementwise } from './pointwise/elementwise.js';
import { products } from './reduction/products.js';
import { reductionFixes, reductions } from './reduction/reductions.js';
import { convolution } from './window/convolution.js';
import { pooling } from './window/pooling.js';

/** Left alone where somebody (the union package `@tensorflow/tfjs`, for one) has registered a gradient. */
const additions = (): readonly GradConfig[] => [
  ...arithmetic(),
  ...elementwise(),
  ...activations(),
  ...reductions(),
  ...shape(),
  ...padding(),
  ...constants(),
];

/** Registered in any case: stock tfjs has these slow, incomplete or wrong. */
const replacements = (): readonly GradConfig[] => [
  ...arithmeticFixes(),
  ...reductionFixes(),
  ...paddingFixes(),
  ...products(),
  ...convolution(),
  ...pooling(),
  ...resampling(),
  ...gathering(),
];

/** Made at the first call, so that a bundle of a program that only infers holds none of it. */
let tables:
  | { readonly additions: readonly GradConfig[]; readonly replacements: readonly GradConfig[] }
  | undefined;

/**
 * Registers the gradients that networks need: `@tensorflow/tfjs-core` alone registers none in Node.
 *
 * Gradients that are registered already stay, except those that stock tfjs has slow or wrong: products,
 * convolutions, pooling, resizing, gathering, mirrored padding, tiling, cumulative sums, ties of `max` and `min`, broadcasting in
 * `maximum`, `minimum` and `squaredDifference`. May be called any number of times, from several copies of this package;
 * `valueAndGradients` calls it. It repairs the current backend, as `repairKernels` does.
 *
 * @example
 * registerGradients();
 * const slope = grad((x) => sum(square(x)))(tensor1d([1, 2]));   // [2, 4]
 */
export function registerGradients(): void {
  repairCurrentBackend();
  tables ??= { additions: additions(), replacements: replacements() };
  for (const config of tables.additions) {
    if (getGradient(config.kernelName) == null) registerGradient(config);
  }
  for (const config of tables.replacements) {
    if (getGradient(config.kernelName) !== config) registerGradient(config);
  }
}
