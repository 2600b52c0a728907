import { ConfigError } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { parseRunConfig, type RunConfigInput } from './run-config.js';

describe('run configuration', () => {
  test('fills in the paper’s choices', () => {
    const config = parseRunConfig({}, 'empty');
    expect(config.method).toBe('sshn');
    expect(config.architecture).toMatchObject({
      name: 'unet',
      features: 32,
      convolutionsPerStage: 2,
    });
    expect(config.hypernetwork.hidden).toEqual([10, 16]);
    expect(config.optimizer).toMatchObject({ kind: 'adam', beta1: 0.9, beta2: 0.99 });
    expect(config.augmentation).toEqual({});
  });

  test('names every fault with its path and the file', () => {
    const input = {
      epochs: 0,
      optimiser: {},
      optimizer: { learningRate: 'fast' },
      prior: { kind: 'constant', factor: 2 },
    };
    let error: unknown;
    try {
      parseRunConfig(input, 'run.yaml');
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(ConfigError);
    const { faults, message } = error as ConfigError;
    expect(faults.map(({ path }) => path)).toEqual([
      'prior.factor',
      'epochs',
      'optimizer.learningRate',
      'optimiser',
    ]);
    expect(message).toMatch(/^run\.yaml: /);
    expect(message).toContain("optimiser: unknown key, the nearest is 'optimizer'");
  });

  test('refuses images that nobody can hold', () => {
    expect(() => parseRunConfig({ size: [100_000, 100_000] }, 'flags')).toThrow(
      'flags: size.0: got 100000, expected an integer in [1, 65536].',
    );
    expect(() => parseRunConfig({ size: [60_000, 60_000] }, 'flags')).toThrow(
      'size: 60000×60000 are 3600000000 pixels, expected at most 268435456',
    );
    expect(parseRunConfig({ size: [512, 512, 512] }, 'flags').size).toEqual([512, 512, 512]);
  });

  test('refuses a uniform prior that is upside down', () => {
    expect(() => parseRunConfig({ prior: { kind: 'uniform', low: 0.5, high: 0.1 } }, 'flags')).toThrow(
      'prior.high: is below low',
    );
  });

  test('Fixed has one factor', () => {
    const prior = { kind: 'uniform', low: 0, high: 0.5 };
    expect(() => parseRunConfig({ method: 'fixed', prior }, 'flags')).toThrow(
      "prior: method 'fixed' trains at one factor",
    );
  });

  test('a list of factors goes with separate rescaling alone', () => {
    const input = { method: 'fixed', prior: { kind: 'constant', factor: [0.3, 0.4] } };
    expect(() => parseRunConfig(input, 'flags')).toThrow(
      "flags: prior.factor: several factors need rescaling: 'separate'.",
    );
    expect(parseRunConfig({ ...input, rescaling: 'separate' }, 'flags').prior).toEqual(input.prior);
  });
});

describe('patches', () => {
  const patches = (changes: object) => ({ patches: { size: [8, 8], ...changes } });

  test('have defaults, and are read back as they were', () => {
    const config = parseRunConfig(patches({}), 'flags');
    expect(config.patches).toEqual({ size: [8, 8], perImage: 2, foreground: 0.5 });
    expect(parseRunConfig(config, 'run.json')).toEqual(config);
    expect(parseRunConfig({}, 'flags')).not.toHaveProperty('patches');
  });

  test.each<[object, string]>([
    [patches({ size: [8, 0] }), 'patches.size.1: got 0, expected an integer in [1, 65536]'],
    [patches({ size: [8.5, 8] }), 'patches.size.0: got 8.5, expected an integer'],
    [patches({ size: [8] }), 'patches.size: got a list of 1, expected a list of 2 to 3 entries'],
    [patches({ size: [65536, 65536] }), 'patches.size: 65536×65536 are 4294967296 pixels'],
    [patches({ perImage: 0 }), 'patches.perImage: got 0'],
    [patches({ foreground: 1.1 }), 'patches.foreground: got 1.1'],
    [{ patches: {} }, 'patches.size: got nothing, expected a list of integers'],
    [{ size: [9, 9, 9], ...patches({}) }, 'patches.size: has 2 axes, and size has 3'],
    [{ task: 'registration', ...patches({}) }, 'patches.size: is for segmentation'],
  ])('%j is refused', (input, says) => {
    expect(() => parseRunConfig(input, 'flags')).toThrow(says);
  });
});

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
      "registration.lambdaRange: method 'fixed' has no hypernetwork that could take λ",
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
      'registration.window: got 4, expected an odd integer ≥ 1',
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
