import { flowResolutions, regularizerNames, similarityNames } from '@sshn/registration';
import { z } from 'zod';
import { distributions, type Spread } from '../methods/spread.js';

const positiveInteger = z.int().min(1);
const share = z.number().min(0).max(1);

/** How images are registered, and what for; only of runs with the task registration. */
export const registrationConfigSchema = z
  .strictObject({
    similarity: z.enum(similarityNames).default('mse').describe('What makes moved and fixed image alike'),
    window: positiveInteger
      .refine((edge) => edge % 2 === 1, 'is even, and a window has a voxel in its middle: give an odd number')
      .default(9)
      .describe('Edge of the window of localNcc in voxels, odd'),
    regularizer: z.enum(regularizerNames).default('totalVariation').describe('What makes a field smooth'),
    weight: z.number().min(0).default(0.01).describe('Weight of the regularizer beside the similarity'),
    lambdaRange: z
      .array(share)
      .length(2)
      .refine(([low, high]) => low! <= high!, 'the first is above the second')
      .exactOptional()
      .describe(
        'Instead of a fixed weight: λ drawn from here in every step and told to the hypernetwork, for (1 − λ) · similarity + λ · regularizer',
      ),
    lambdaDistribution: z
      .enum(distributions)
      .default('uniform')
      .describe('How λ is drawn from its range: logUniform gives every order of magnitude as often'),
    lambdaEndpoints: share
      .default(0)
      .describe('Share of the draws that are the lowest or the highest λ: both ends are learned as well'),
    foldingWeight: z
      .number()
      .min(0)
      .default(0)
      .describe('Weight of a penalty on folds of the displacement, mean relu(−det J)'),
    bidirectional: z
      .boolean()
      .default(false)
      .describe('Similarity both ways, by the field and by its inverse; needs integrationSteps'),
    diceWeight: z
      .number()
      .min(0)
      .default(0)
      .describe(
        'Weight of the soft Dice of warped labels: trains with the labels; 0 leaves them to evaluation',
      ),
    integrationSteps: z
      .int()
      .min(0)
      .max(16)
      .default(0)
      .describe('Steps of scaling and squaring, against folds (7 is usual); 0 predicts displacements'),
    resolution: z.enum(flowResolutions).default('full').describe('Grid of the flow: full, or half the size'),
    atlas: z.string().exactOptional().describe('Subject that all are aligned to; else all to each other'),
    pairsPerImage: positiveInteger
      .exactOptional()
      .describe('At most so many fixed images for each moving one'),
  })
  .refine(
    ({ lambdaRange, lambdaDistribution }) =>
      lambdaDistribution === 'uniform' || lambdaRange === undefined || lambdaRange[0]! > 0,
    { path: ['lambdaRange'], message: "begins at 0, which has no logarithm: 'logUniform' needs more" },
  )
  .refine(({ bidirectional, integrationSteps }) => !bidirectional || integrationSteps > 0, {
    path: ['bidirectional'],
    message: 'needs a velocity, whose inverse is known: give integrationSteps, 7 is usual',
  })
  .describe('How images are registered');

/** How images are registered. */
export type RegistrationConfig = z.infer<typeof registrationConfigSchema>;

/** Where λ comes from in training; undefined where the weight is fixed. */
export function lambdaSpread(config: RegistrationConfig): Required<Spread> | undefined {
  const { lambdaRange, lambdaDistribution, lambdaEndpoints } = config;
  if (lambdaRange === undefined) return undefined;
  const [low, high] = lambdaRange as [number, number];
  return { low, high, distribution: lambdaDistribution, endpoints: lambdaEndpoints };
}
