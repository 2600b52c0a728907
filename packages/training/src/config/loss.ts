import { option, type ValuesOf } from '@sshn/core';
import {
  createLoss,
  crossEntropy,
  type Loss,
  type LossConfig,
  type LossOptions,
  lossOptions,
  weightedSum,
} from '@sshn/losses';
import { faultOf } from './architecture.js';

/** The losses that a configuration may name; a sum with cross-entropy has a word of its own. */
const names = [
  'crossEntropy',
  'focal',
  'softDice',
  'generalizedDice',
  'jaccard',
  'tversky',
  'focalTversky',
  'lovasz',
  'boundary',
] as const satisfies ReadonlyArray<keyof LossOptions>;

const { crossEntropy: ofCrossEntropy, softDice, tversky } = lossOptions;

/** The words for the loss that is trained after cross-entropy. */
export const lossWords = {
  name: option.choice(names, { default: 'softDice', help: 'Loss after the first epochs of cross-entropy' }),
  crossEntropyWeight: option.number({
    least: 0,
    default: 0,
    help: 'Cross-entropy added to it, times this: 1 with softDice is Dice + cross-entropy',
  }),
  classWeights: softDice.classWeights,
  ignoreLabel: softDice.ignoreLabel,
  labelSmoothing: ofCrossEntropy.labelSmoothing,
  gamma: tversky.gamma,
  alpha: tversky.alpha,
  beta: tversky.beta,
  smooth: softDice.smooth,
  squaredDenominator: softDice.squaredDenominator,
  includeBackground: softDice.includeBackground,
  perSample: softDice.perSample,
};

/** The loss that is trained after cross-entropy, and its options; which of them a loss has is checked by @sshn/losses. */
export const lossConfigOptions = option.record(lossWords, {
  help: 'The loss',
  check: (config) => faultOf(() => lossOf(config)),
});

/** The loss of a configuration, with its options settled. @throws {OptionError | ValueError} as `createLoss` does. */
export function lossOf({ crossEntropyWeight, ...config }: ValuesOf<typeof lossWords>): Loss {
  const { name, ...rest } = config;
  const loss = createLoss({ name, ...rest } as LossConfig);
  if (crossEntropyWeight === 0) return loss;
  return weightedSum([
    [1, loss],
    [crossEntropyWeight, crossEntropy],
  ]);
}
