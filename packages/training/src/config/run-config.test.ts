import { describe, expect, test } from 'vitest';
import { ConfigError, parseRunConfig } from './run-config.js';

describe('run configuration', () => {
  test('fills in the paper’s choices', () => {
    const config = parseRunConfig({}, 'empty');
    expect(config.method).toBe('sshn');
    expect(config.architecture).toMatchObject({
      name: 'unet',
      features: 32,
      convolutionsPerStage: 2,
    });
    expect(config.hypernetwork.hidden).toEqual([10, 100]);
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
    expect(faults.map(({ path }) => path)).toEqual(['prior.factor', 'epochs', 'optimizer.learningRate', '']);
    expect(message).toMatch(/^run\.yaml: /);
    expect(message).toContain('optimiser');
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
