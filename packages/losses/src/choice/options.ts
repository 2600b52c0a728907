import { option } from '@sshn/core';
import { tasks } from '../input/loss.js';
import { sizeWeightings } from '../region/generalized-dice-loss.js';
import { lovaszClasses } from '../region/lovasz-loss.js';

const number = option.number({ help: '' });

const pixels = {
  task: option.choice(tasks, {
    optional: true,
    usually: "'multiclass'",
    help: 'What the channels stand for',
  }),
  ignoreLabel: option.integer({ optional: true, help: 'True label whose pixels do not count' }),
};
const classWeights = option.list(option.number({ least: 0, help: '' }), {
  least: 0,
  most: 65_536,
  optional: true,
  usually: '1 each',
  help: 'Weight of each label, the background first',
});
const together = {
  ...pixels,
  includeBackground: option.flag({
    optional: true,
    usually: 'false',
    help: 'Of overlap losses: whether label 0 is scored',
  }),
};
const scored = { ...together, classWeights };
const perSample = option.flag({
  optional: true,
  usually: 'true',
  help: 'Of overlap losses: a score per image, not per batch',
});
const sizes = {
  fromLogits: option.flag({
    optional: true,
    usually: 'true',
    help: 'Of overlap losses: whether the network puts out logits, not probabilities',
  }),
  smooth: option.number({
    above: 0,
    optional: true,
    usually: '1e-7',
    help: 'Of overlap losses: added to numerator and denominator',
  }),
  perSample,
};
const squaredDenominator = option.flag({
  optional: true,
  usually: 'true; of generalizedDice false',
  help: 'Of Dice and Jaccard losses: squares in the denominator',
});
const tversky = {
  ...scored,
  ...sizes,
  alpha: option.number({
    least: 0,
    optional: true,
    usually: '0.5; of focalTversky 0.3',
    help: 'Of (focal)Tversky: weight of false positives; of focal: balance of labels and background, at most 1',
  }),
  beta: option.number({
    least: 0,
    optional: true,
    usually: '0.5; of focalTversky 0.7',
    help: 'Of (focal)Tversky: weight of false negatives',
  }),
  gamma: option.number({
    least: 0,
    optional: true,
    usually: '2 of focal, 1 of tversky, 0.75 of focalTversky',
    help: 'Of focal and (focal)Tversky: exponent that turns attention to what is not yet right',
  }),
};

/** The options of every loss that can be chosen by name. */
export const lossOptions = {
  crossEntropy: {
    ...pixels,
    classWeights,
    positiveWeight: option.number({
      above: 0,
      optional: true,
      usually: '1',
      help: 'Of crossEntropy: weight of positives beside negatives',
    }),
    labelSmoothing: option.number({
      least: 0,
      below: 1,
      optional: true,
      usually: '0',
      help: 'Of crossEntropy: share of the truth that is spread over all labels',
    }),
  },
  focal: {
    ...pixels,
    gamma: tversky.gamma,
    alpha: option.oneOrList(number, {
      most: 65_536,
      optional: true,
      usually: '1 each',
      help: 'Of focal: weight of labels beside the background, or one for each label',
    }),
  },
  softDice: {
    ...scored,
    ...sizes,
    squaredDenominator,
    log: option.flag({
      optional: true,
      usually: 'false',
      help: 'Of softDice: −log Dice rather than 1 − Dice',
    }),
  },
  generalizedDice: {
    ...together,
    ...sizes,
    squaredDenominator,
    weighting: option.choice(sizeWeightings, {
      optional: true,
      usually: "'square'",
      help: 'Of generalizedDice: how the weight of a label falls with its size',
    }),
  },
  jaccard: { ...scored, ...sizes, squaredDenominator },
  tversky,
  focalTversky: tversky,
  lovasz: {
    ...scored,
    classes: option.choice(lovaszClasses, {
      optional: true,
      usually: "'present'",
      help: 'Of lovasz: the mean over labels that the truth has, or over all',
    }),
    perSample,
  },
  boundary: {
    ...scored,
    spacingMm: option.list(option.number({ above: 0, help: '' }), {
      most: 3,
      optional: true,
      usually: '1 each',
      help: 'Of boundary: distance of pixels along each axis in mm',
    }),
  },
};
