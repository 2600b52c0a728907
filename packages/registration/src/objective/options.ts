import { option } from '@sshn/core';
import { flowResolutions } from '../network/registration-network.js';
import { regularizerNames, similarityNames } from './objective.js';

/** What may be chosen of a registration, trained or refined: its objective and the grid of its flow. */
export const registrationOptions = {
  similarity: option.choice(similarityNames, {
    default: 'mse',
    help: 'What makes moved and fixed image alike',
  }),
  window: option.integer({
    least: 1,
    odd: true,
    default: 9,
    help: 'Edge of the window of localNcc in voxels, odd',
  }),
  regularizer: option.choice(regularizerNames, {
    default: 'totalVariation',
    help: 'What makes a field smooth',
  }),
  weight: option.number({ least: 0, default: 0.01, help: 'Weight of the regularizer beside the similarity' }),
  foldingWeight: option.number({
    least: 0,
    default: 0,
    help: 'Weight of a penalty on folds of the displacement, mean relu(−det J)',
  }),
  bidirectional: option.flag({
    default: false,
    help: 'Similarity both ways, by the field and by its inverse; needs integrationSteps',
  }),
  integrationSteps: option.integer({
    least: 0,
    most: 16,
    default: 0,
    help: 'Steps of scaling and squaring, against folds (7 is usual); 0 predicts displacements',
  }),
  resolution: option.choice(flowResolutions, {
    default: 'full',
    help: 'Grid of the flow: full, or half the size',
  }),
};
