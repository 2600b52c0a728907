import { describe, expect, test } from 'vitest';
import { parseRunConfig, type RunConfigInput } from './run-config.js';

const registration = (words: RunConfigInput): RunConfigInput => ({ task: 'registration', ...words });

describe('words that would have no effect are refused', () => {
  test.each<[RunConfigInput, string]>([
    [{ registration: { weight: 1 } }, "registration.weight: means something for task: 'registration' alone"],
    [registration({ loss: { name: 'tversky' } }), 'loss.name: is for segmentation'],
    [registration({ loss: { gamma: 2, name: 'focal' } }), 'loss.gamma: is for segmentation'],
    [registration({ crossEntropyShare: 0.2 }), 'crossEntropyShare: is for segmentation'],
    [
      registration({ architecture: { deepSupervision: true } }),
      'architecture.deepSupervision: is for segmentation',
    ],
    [
      registration({ method: 'fixed', registration: { lambdaRange: [0, 1] } }),
      "registration.lambdaRange: method 'fixed' has no hypernetwork that could be told λ",
    ],
    [
      registration({ method: 'stochastic', registration: { lambdaRange: [0, 1] } }),
      "registration.lambdaRange: method 'stochastic' has no hypernetwork",
    ],
    [
      registration({ registration: { lambdaRange: [0, 1], weight: 0.5 } }),
      'registration.weight: is fixed, and lambdaRange draws it',
    ],
    [registration({ registration: { window: 5 } }), "registration.window: is for similarity: 'localNcc'"],
    [
      registration({ registration: { similarity: 'localNcc', window: 4 } }),
      'registration.window: is even, and a window has a voxel in its middle',
    ],
    [registration({ registration: { lambdaRange: [0.6, 0.2] } }), 'the first is above the second'],
    [
      registration({ registration: { lambdaEndpoints: 0.2 } }),
      'registration.lambdaEndpoints: is how λ is drawn',
    ],
    [
      registration({ registration: { lambdaDistribution: 'logUniform' } }),
      'registration.lambdaDistribution: is how λ is drawn',
    ],
    [
      registration({ registration: { lambdaDistribution: 'logUniform', lambdaRange: [0, 1] } }),
      'registration.lambdaRange: begins at 0, which has no logarithm',
    ],
  ])('%j', (input, says) => {
    expect(() => parseRunConfig(input, 'flags')).toThrow(says);
  });

  test.each<RunConfigInput>([
    registration({}),
    registration({ method: 'film', registration: { lambdaRange: [0, 1] } }),
    registration({ rescaling: 'separate', registration: { lambdaRange: [0.2, 0.2] } }),
    registration({ registration: { similarity: 'localNcc', window: 5 } }),
    registration({ architecture: { deepSupervision: false } }),
  ])('but not those that have one: %j', (input) => {
    const config = parseRunConfig(input, 'flags');
    expect(parseRunConfig(config, 'run.json')).toEqual(config); // what a run folder keeps reads as it was written
  });
});
