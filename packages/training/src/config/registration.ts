import { option, type ValuesOf } from '@sshn/core';
import { distributions } from '@sshn/model';
import { affineKinds, registrationOptions as ofObjective } from '@sshn/registration';
import type { Spread } from './prior.js';

const share = { least: 0, most: 1 } as const;

/** The words for how images are registered. */
export const registrationWords = {
  similarity: ofObjective.similarity,
  window: ofObjective.window,
  regularizer: ofObjective.regularizer,
  weight: ofObjective.weight,
  lambdaRange: option.list(option.number({ ...share, help: '' }), {
    least: 2,
    most: 2,
    optional: true,
    help: 'Instead of a fixed weight: λ drawn from here in every step, an input of the hypernetwork, for (1 − λ) · similarity + λ · regularizer',
  }),
  lambdaDistribution: option.choice(distributions, {
    default: 'uniform',
    help: 'How λ is drawn from its range: logUniform gives every order of magnitude as often',
  }),
  lambdaEndpoints: option.number({
    ...share,
    default: 0,
    help: 'Share of the draws that are the lowest or the highest λ: both ends are learned as well',
  }),
  foldingWeight: ofObjective.foldingWeight,
  bidirectional: ofObjective.bidirectional,
  diceWeight: option.number({
    least: 0,
    default: 0,
    help: 'Weight of the soft Dice of warped labels, on the grid of the flow: trains with the labels; 0 leaves them to evaluation',
  }),
  integrationSteps: ofObjective.integrationSteps,
  resolution: ofObjective.resolution,
  align: option.choice(affineKinds, {
    optional: true,
    help: 'Before training, align every image with the atlas, or with a mean of training images, by such a map; prediction does the same',
  }),
  atlas: option.text({ optional: true, help: 'Subject that all are aligned to; else all to each other' }),
  pairsPerImage: option.integer({
    least: 1,
    optional: true,
    help: 'At most so many fixed images for each moving one',
  }),
};

/** How images are registered, and what for. */
export type RegistrationConfig = ValuesOf<typeof registrationWords>;

/** How images are registered, and what for; only of runs with the task registration. */
export const registrationConfigOptions = option.record(registrationWords, {
  help: 'How images are registered',
  check: ({ lambdaRange, lambdaDistribution, bidirectional, integrationSteps }) => [
    ...(lambdaRange !== undefined && lambdaRange[0]! > lambdaRange[1]!
      ? [{ path: ['lambdaRange'], message: 'the first is above the second' }]
      : []),
    ...(lambdaDistribution === 'logUniform' && lambdaRange?.[0] === 0
      ? [
          {
            path: ['lambdaRange'],
            message: "begins at 0, which has no logarithm: 'logUniform' needs more",
          },
        ]
      : []),
    ...(bidirectional && integrationSteps === 0
      ? [
          {
            path: ['bidirectional'],
            message: 'needs a velocity, whose inverse is known: give integrationSteps, 7 is usual',
          },
        ]
      : []),
  ],
});

/** Where λ comes from in training; undefined where the weight is fixed. */
export function lambdaSpread(config: RegistrationConfig): Required<Spread> | undefined {
  const { lambdaRange, lambdaDistribution, lambdaEndpoints } = config;
  if (lambdaRange === undefined) return undefined;
  const [low, high] = lambdaRange as readonly [number, number];
  return { low, high, distribution: lambdaDistribution, endpoints: lambdaEndpoints };
}
