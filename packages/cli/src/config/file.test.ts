import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, FileError, SshnError } from '@sshn/core';
import { parseRunConfig } from '@sshn/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { describeConfig, readConfigFile, withValue } from './file.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sshn-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

const read = async (name: string, content: string) => {
  const path = join(folder, name);
  await writeFile(path, content);
  return readConfigFile(path);
};

describe('readConfigFile', () => {
  it('reads YAML and JSON alike', async () => {
    const expected = {
      epochs: 5,
      optimizer: { learningRate: 0.01 },
      prior: { kind: 'constant', factor: 0.25 },
    };
    const yaml = 'epochs: 5\noptimizer:\n  learningRate: 1e-2\nprior: { kind: constant, factor: 0.25 }\n';
    expect(await read('good.yaml', yaml)).toEqual(expected);
    expect(await read('good.json', JSON.stringify(expected))).toEqual(expected);
  });

  it.each([
    ['epoch: 5', "epoch: unknown key, the nearest is 'epochs'"],
    [
      'optimizer: { learningrate: 1 }',
      "optimizer.learningrate: unknown key, the nearest is 'optimizer.learningRate'",
    ],
    ['learningRate: 1', "learningRate: unknown key, the nearest is 'optimizer.learningRate'"],
    ['validation: { colors: 3 }', 'validation.colors: unknown key, allowed here: every, factors, patience'],
  ])('refuses %s', async (content, message) => {
    const path = join(folder, 'wrong.yaml');
    await expect(read('wrong.yaml', content)).rejects.toThrow(`${path}: ${message}.`);
    await expect(read('wrong.yaml', content)).rejects.toBeInstanceOf(ConfigError);
  });

  it('lists every wrong key at once', async () => {
    await expect(read('two.yaml', 'epoch: 5\nseeds: 1')).rejects.toThrow(/epoch: .*; seeds: .*'seed'\.$/);
  });

  it('refuses wrong values, naming file and key', async () => {
    await expect(read('value.yaml', 'prior: { kind: constant, factor: 2 }')).rejects.toThrow(
      /value\.yaml: prior\.factor: /,
    );
  });

  it.each([
    ['broken.yaml', 'epochs: [5\n', /broken\.yaml: .* line 2.*Correct the JSON or YAML there\.$/],
    ['list.yaml', '- 1\n', /it holds no keys and values/],
    ['empty.yaml', '', /it holds no keys and values/],
  ])('refuses %s', async (name, content, message) => {
    await expect(read(name, content)).rejects.toThrow(message);
    await expect(read(name, content)).rejects.toBeInstanceOf(FileError);
  });

  it.each([
    ['quotes', '"'.repeat(500_000)],
    ['brackets', '{'.repeat(16_000)],
    ['lists', '- '.repeat(8_000)],
    ['indents', Array.from({ length: 200 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
    ['quotes of the largest size', '"'.repeat(32_768)],
    ['keys', '? '.repeat(8_000)],
  ])('is done in seconds with a file of %s', { timeout: 30_000 }, async (_, content) => {
    const error = await read('hostile.yaml', content).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(SshnError);
    expect((error as Error).message.length).toBeLessThan(1000);
  });

  it('says which file is not there, and which is a folder', async () => {
    await expect(readConfigFile(join(folder, 'absent.yaml'))).rejects.toThrow(
      /absent\.yaml: no such file or folder\./,
    );
    await expect(readConfigFile(folder)).rejects.toThrow(
      /this is a folder, not a file\. Name a file in it\./,
    );
  });
});

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

  it('has one line for each key of the top level that has an effect', () => {
    const config = parseRunConfig({}, 'test');
    const keys = (text: string) => text.split('\n').map((line) => line.replace(/:.*/, ''));
    const all = Object.keys(config);
    expect(keys(describeConfig(config))).toEqual(all.filter((key) => key !== 'registration'));
    const fixed = parseRunConfig({ method: 'fixed', task: 'registration' }, 'test');
    expect(keys(describeConfig(fixed))).toEqual(
      all.filter((key) => !['loss', 'crossEntropyShare', 'hypernetwork'].includes(key)),
    );
    expect(describeConfig(config)).toContain('validation: { every: 1, patience: null }');
  });
});

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
