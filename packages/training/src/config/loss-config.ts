import { SshnError } from '@sshn/core';
import {
  createLoss,
  crossEntropy,
  type Loss,
  type LossConfig,
  type LossOptions,
  weightedSum,
} from '@sshn/losses';
import { z } from 'zod';

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

const atLeast0 = z.number().min(0);

/**
 * The loss that is trained after cross-entropy, and its options. What is left out has the default of @sshn/losses; which
 * options a loss has is checked there.
 */
export const lossConfigSchema = z
  .strictObject({
    name: z.enum(names).default('softDice').describe('Loss after the first epochs of cross-entropy'),
    crossEntropyWeight: atLeast0
      .default(0)
      .describe('Cross-entropy added to it, times this: 1 with softDice is Dice + cross-entropy'),
    classWeights: z
      .array(atLeast0)
      .min(1)
      .exactOptional()
      .describe('Weight of each label, the background first'),
    ignoreLabel: z.int().min(0).exactOptional().describe('True label whose pixels do not count'),
    labelSmoothing: z
      .number()
      .min(0)
      .lt(1)
      .exactOptional()
      .describe('Of crossEntropy: share given to all labels'),
    gamma: z.number().min(0).exactOptional().describe('Of focal and (focal)Tversky losses: the exponent'),
    alpha: z
      .number()
      .min(0)
      .exactOptional()
      .describe('Of focal: the balance; of Tversky: weight of false positives'),
    beta: z.number().min(0).exactOptional().describe('Of Tversky: weight of false negatives'),
    smooth: z
      .number()
      .positive()
      .exactOptional()
      .describe('Of overlap losses: added above and below the line'),
    squaredDenominator: z.boolean().exactOptional().describe('Of overlap losses: squares in the denominator'),
    includeBackground: z.boolean().exactOptional().describe('Whether label 0 is scored by overlap losses'),
    perSample: z.boolean().exactOptional().describe('Of overlap losses: a score per image, not per batch'),
  })
  .superRefine((config, context) => {
    try {
      lossOf(config);
    } catch (error) {
      if (!(error instanceof SshnError)) throw error;
      context.addIssue({ code: 'custom', message: error.message.replace(/\.$/, '') });
    }
  });

/** The loss of a configuration, with its options settled. @throws {OptionError | ValueError} as `createLoss` does. */
export function lossOf({ crossEntropyWeight, ...config }: z.output<typeof lossConfigSchema>): Loss {
  const { name, ...options } = config;
  const loss = createLoss({ name, ...options } as LossConfig);
  if (crossEntropyWeight === 0) return loss;
  return weightedSum([
    [1, loss],
    [crossEntropyWeight, crossEntropy],
  ]);
}
