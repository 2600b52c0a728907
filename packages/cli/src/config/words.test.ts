import { parseRunConfig } from '@sshn/training';
import { describe, expect, it } from 'vitest';
import { configWords, keysAt } from './words.js';

const word = (path: string) => configWords.find((one) => one.path.join('.') === path);

describe('configWords', () => {
  it('reads type, range, default and meaning of a number', () => {
    expect(word('optimizer.learningRate')).toEqual({
      path: ['optimizer', 'learningRate'],
      type: { kind: 'number', isInteger: false, above: 0 },
      isNullable: false,
      default: 0.002,
      description: 'Peak learning rate',
    });
  });

  it('knows words, lists, a list or one number, null, and variants', () => {
    expect(word('method')!.type).toEqual({ kind: 'choice', words: ['fixed', 'stochastic', 'film', 'sshn'] });
    expect(word('size')!.type).toMatchObject({ kind: 'list', orSingle: false });
    expect(word('architecture.features')!.type).toMatchObject({ kind: 'list', orSingle: true });
    expect(word('optimizer.clipNorm')).toMatchObject({
      isNullable: true,
      type: { kind: 'number', above: 0 },
    });
    expect(word('prior')!.type).toEqual({ kind: 'variants', variants: ['constant', 'uniform'] });
  });

  it('has every default of the schema at its path', () => {
    const config = parseRunConfig({}, 'test') as unknown;
    for (const { path, default: standard } of configWords) {
      const value = path.reduce((tree, key) => (tree as Record<string, unknown> | undefined)?.[key], config);
      expect(value, path.join('.')).toEqual(standard);
    }
  });

  it('has words for each key of the schema', () => {
    const top = Object.keys(parseRunConfig({}, 'test'));
    expect(keysAt([])).toEqual(expect.arrayContaining(top));
  });
});

describe('keysAt', () => {
  it('lists the keys of a group and knows no keys below a word', () => {
    expect(keysAt(['validation'])).toEqual(['every', 'factors', 'patience']);
    expect(keysAt(['seed'])).toBeUndefined();
  });
});
