import { describe, expect, it } from 'vitest';
import { configWords } from './flags.js';
import {
  describeWord,
  parseConstantPrior,
  parseIntensity,
  parseUniformPrior,
  parseWord,
  WordError,
} from './values.js';

const word = (path: string) => configWords.find((one) => one.path.join('.') === path)!.option;
const parse = (path: string, text: string) => parseWord(word(path), text);

describe('parseWord', () => {
  it.each([
    ['optimizer.learningRate', '1e-3', 0.001],
    ['epochs', '7', 7],
    ['method', 'film', 'film'],
    ['size', '128x96', [128, 96]],
    ['size', '16,128,96', [16, 128, 96]],
    ['architecture.features', '16', 16],
    ['architecture.features', '8,16,32', [8, 16, 32]],
    ['hypernetwork.hidden', '100', [100]],
    ['augmentation.flip', 'height,width', ['height', 'width']],
    ['optimizer.clipNorm', 'none', null],
    ['registration.atlas', 'subject-03', 'subject-03'],
    ['optimizer.clipNorm', '2', 2],
  ])('%s takes %s', (path, text, value) => {
    expect(parse(path, text)).toEqual(value);
  });

  it.each([
    ['epochs', 'ten', 'Expected an integer ≥ 1.'],
    ['epochs', '0', 'Expected an integer ≥ 1.'],
    ['epochs', '1.5', 'Expected an integer ≥ 1.'],
    ['epochs', '', 'Expected an integer ≥ 1.'],
    ['epochs', 'Infinity', 'Expected an integer ≥ 1.'],
    ['epochs', 'none', 'Expected an integer ≥ 1.'],
    ['crossEntropyShare', '1.01', 'Expected a number in [0, 1].'],
    ['optimizer.beta2', '1', 'Expected a number in [0, 1).'],
    ['optimizer.learningRate', '0', 'Expected a number > 0.'],
    ['optimizer.clipNorm', 'off', "Expected a number > 0, or 'none'."],
    ['size', '128x', 'Expected integers in [1, 65536], separated by commas.'],
    ['method', 'sshm', "Expected 'fixed', 'stochastic', 'film' or 'sshn'. Did you mean 'sshn'?"],
  ])('%s refuses %j', (path, text, message) => {
    expect(() => parse(path, text)).toThrow(new WordError(message));
  });
});

describe('describeWord', () => {
  it('has words for every word of the configuration', () => {
    for (const { option } of configWords) expect(describeWord(option).length).toBeGreaterThan(4);
    expect(describeWord(word('prior'))).toBe("a record whose kind is 'constant' or 'uniform'");
  });
});

describe('flags of variants', () => {
  it('read priors', () => {
    expect(parseConstantPrior('0.25')).toEqual({ kind: 'constant', factor: 0.25 });
    expect(parseUniformPrior('0.1, 0.5')).toEqual({ kind: 'uniform', low: 0.1, high: 0.5 });
    expect(parseUniformPrior('0,0.5,0.2')).toEqual({ kind: 'uniform', low: 0, high: 0.5, endpoints: 0.2 });
  });

  it.each(['0.5', '0.5,0.1', '0,1.5', '0,0.1,1.2', '0,0.1,0.2,0.3', 'a,b'])('refuse the prior %s', (text) => {
    expect(() => parseUniformPrior(text)).toThrow(WordError);
  });

  it('read intensities', () => {
    expect(parseIntensity('zScore')).toEqual({ kind: 'zScore' });
    expect(parseIntensity('percentile:1,99')).toEqual({ kind: 'percentile', low: 1, high: 99 });
  });

  it.each(['zscore', 'percentile', 'percentile:1', 'percentile:1,101', 'none:1,2', 'percentile:1,2:3'])(
    'refuse the intensity %s',
    (text) => {
      expect(() => parseIntensity(text)).toThrow(WordError);
    },
  );
});
