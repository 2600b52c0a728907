import { describe, expect, it } from 'vitest';
import { withValue } from './merge-config.js';

describe('withValue', () => {
  it('sets a value deep in the tree and leaves its neighbors', () => {
    const tree = { optimizer: { learningRate: 0.1, beta1: 0.8 }, epochs: 3 };
    expect(withValue(tree, ['optimizer', 'learningRate'], 1)).toEqual({
      optimizer: { learningRate: 1, beta1: 0.8 },
      epochs: 3,
    });
    expect(tree.optimizer.learningRate).toBe(0.1);
  });

  it('makes what is missing on the way, and replaces whole values', () => {
    expect(withValue({}, ['augmentation', 'elastic', 'spacing'], 8)).toEqual({
      augmentation: { elastic: { spacing: 8 } },
    });
    const prior = { kind: 'constant', factor: 0.1 };
    expect(withValue({ prior: { kind: 'uniform', low: 0, high: 1 } }, ['prior'], prior)).toEqual({ prior });
  });
});
