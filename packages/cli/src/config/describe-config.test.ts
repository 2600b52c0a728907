import { parseRunConfig } from '@sshn/training';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { describeConfig } from './describe-config.js';

describe('describeConfig', () => {
  it.each([
    {},
    {
      method: 'fixed',
      prior: { kind: 'constant', factor: 0.25 },
      architecture: { features: [8, 16] },
      augmentation: { flip: ['height'] },
      optimizer: { clipNorm: null },
    },
  ] as const)('is YAML that gives the same configuration again (%#)', (input) => {
    const config = parseRunConfig(input, 'test');
    const text = describeConfig(config);
    expect(parseRunConfig(parse(text), 'text')).toEqual(config);
  });

  it('has one line for each key of the top level', () => {
    const config = parseRunConfig({}, 'test');
    expect(describeConfig(config).split('\n')).toHaveLength(Object.keys(config).length);
    expect(describeConfig(config)).toContain('validation: { every: 1, patience: null }');
  });
});
