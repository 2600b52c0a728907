import { option, type ValuesOf } from '@sshn/core';
import {
  createLoss,
  type Loss,
  type LossConfig,
  type LossOptions,
  lossOptions,
  weightedSum,
} from '@sshn/losses';
import { faultOf } from './architecture.js';

/** Losses that compare regions: never above 1, and hardly with a gradient where a label is predicted nowhere. */
const regions = ['softDice', 'generalizedDice', 'jaccard', 'tversky', 'focalTversky', 'lovasz'] as const;
export const regionLosses: readonly string[] = regions;

/** The losses that a configuration may name; a sum with cross-entropy has a word of its own. */
const names = ['crossEntropy', 'focal', ...regions, 'boundary'] as const satisfies ReadonlyArray<
  keyof LossOptions
>;

const { crossEntropy: ofCrossEntropy, softDice, tversky } = lossOptions;

/** The words for the loss that is trained after cross-entropy. */
export const lossWords = {
  name: option.choice(names, { default: 'softDice', help: 'Loss after the first epochs of cross-entropy' }),
  crossEntropyWeight: option.number({
    least: 0,
    optional: true,
    usually: '1 of losses of regions such as softDice, 0 of crossEntropy, focal and boundary',
    help: 'Cross-entropy added to it, times this; without, a label that is predicted nowhere hardly comes back',
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

type LossValues = ValuesOf<typeof lossWords>;

/** How much cross-entropy is added to the loss: of 25 structures, soft Dice by itself lost up to five for good (experiments/brain-methods). */
export function crossEntropyWeightOf({ name, crossEntropyWeight }: LossValues): number {
  return crossEntropyWeight ?? (regionLosses.includes(name) ? 1 : 0);
}

/** The cross-entropy of the first epochs, and of the sum. */
export function crossEntropyOf({ ignoreLabel }: LossValues): Loss {
  return createLoss({ name: 'crossEntropy', ...(ignoreLabel === undefined ? {} : { ignoreLabel }) });
}

/** The loss of a configuration, with its options settled. @throws {OptionError | ValueError} as `createLoss` does. */
export function lossOf(config: LossValues): Loss {
  const { crossEntropyWeight: _, ...own } = config;
  const loss = createLoss(own as LossConfig);
  const weight = crossEntropyWeightOf(config);
  if (weight === 0) return loss;
  return weightedSum([
    [1, loss],
    [weight, crossEntropyOf(config)],
  ]);
}
