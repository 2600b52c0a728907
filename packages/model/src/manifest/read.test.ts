import { ConfigError, FileError } from '@sshn/core';
import { describe, expect, test } from 'vitest';
import { hypernetwork, manifest } from '../testing/small-model.js';
import { type Migration, manifestText, migrate, readManifest } from './read.js';
import type { ManifestInput } from './schema.js';

const read = (value: unknown) => readManifest({ sshn: JSON.stringify(value) }, 'unet.safetensors');
const good = { format: 'sshn', version: 2, ...manifest };

const line = { slope: 1.2, intercept: -0.3, error: 0.04 };
const rung = {
  factor: 0.25,
  width: 0.5,
  dice: 0.8,
  error: 0.05,
  labels: manifest.labels.slice(1).map(() => line),
};
const cascade = {
  images: 20,
  rungs: [rung, { ...rung, width: 1, flipped: [1], labels: rung.labels.map(() => null) }],
};

const lambda = { low: 0.01, high: 1, distribution: 'logUniform', endpoints: 0.2 } as const;
const told: ManifestInput = {
  ...manifest,
  task: 'registration',
  method: { kind: 'sshn', hypernetwork: { ...hypernetwork, conditions: 1 } },
  registration: { similarity: 'localNcc', window: 9, regularizer: 'diffusion', weight: 0.01, lambda },
};

describe('the manifest', () => {
  test.each<[string, unknown, string]>([
    [
      'λ that nobody takes',
      { ...told, method: manifest.method },
      'registration.lambda: does not fit a hypernetwork of 1',
    ],
    [
      'no λ where one is taken',
      { ...told, registration: { ...told.registration, lambda: undefined } },
      'registration',
    ],
    ['λ from above to below', withLambda({ low: 1, high: 0.5 }), 'registration.lambda.high: is below low'],
    ['the logarithm of 0', withLambda({ low: 0 }), 'registration.lambda.low: is 0, which has no logarithm'],
    [
      'an even window',
      { ...told, registration: { ...told.registration, window: 8 } },
      'registration.window: got 8, expected an odd integer ≥ 1',
    ],
    [
      'a range of a knob that it has not',
      { ...manifest, knobRanges: { width: [0.25, 1] } },
      'knobRanges.width: is a range of',
    ],
    ['a range from above to below', withRanges({ width: [1, 0.25] }), 'knobRanges.width: the first is above'],
    ['a range of one number', withRanges({ width: [1] }), 'knobRanges.width'],
    ['a range from 0', withRanges({ resolution: [0, 1] }), 'knobRanges.resolution.0'],
    ['a range beyond 1', withRanges({ resolution: [0.5, 2] }), 'knobRanges.resolution.1'],
    ['a range of another knob', withRanges({ depth: [0.5, 1] }), 'knobRanges'],
    ['a cascade of a registration', { ...told, cascade }, 'cascade: is for models of segmentation'],
    [
      'a line too many',
      { ...manifest, cascade: { ...cascade, rungs: [{ ...rung, labels: [...rung.labels, line] }] } },
      'cascade.rungs.0.labels: has',
    ],
    [
      'a line that falls',
      { ...manifest, cascade: { ...cascade, rungs: [{ ...rung, labels: [{ ...line, slope: -1 }] }] } },
      'cascade.rungs.0.labels.0.slope',
    ],
    [
      'a flip of an axis that there is not',
      { ...manifest, cascade: { ...cascade, rungs: [{ ...rung, flipped: [1, 2] }] } },
      'cascade.rungs.0.flipped: flips axis 2 of images with 2',
    ],
    [
      'a flip of the same axis twice',
      { ...manifest, cascade: { ...cascade, rungs: [{ ...rung, flipped: [1, 1] }] } },
      'cascade.rungs.0.flipped: names an axis twice',
    ],
    ['a cascade without rungs', { ...manifest, cascade: { images: 3, rungs: [] } }, 'cascade.rungs'],
    ['registration of a segmentation', { ...told, task: 'segmentation' }, 'is for models of registration'],
    [
      'spacing of nothing',
      { ...told, preprocessing: { ...told.preprocessing, volumes: { fit: 'pad', spacingMm: [0, 1, 1] } } },
      'preprocessing.volumes.spacingMm.0',
    ],
  ])('with %s is refused', (_, input, message) => {
    expect(() => read({ format: 'sshn', version: 2, ...(input as object) })).toThrow(message);
  });

  function withRanges(knobRanges: object): ManifestInput {
    const network = { ...manifest.network, knobs: ['width', 'resolution'] };
    return { ...manifest, network, knobRanges } as ManifestInput;
  }

  function withLambda(changes: object): unknown {
    return { ...told, registration: { ...told.registration, lambda: { ...lambda, ...changes } } };
  }

  test('comes back as it was written', () => {
    expect(readManifest({ sshn: manifestText(manifest) }, 'x')).toEqual(good);
  });

  test.each<[string, ManifestInput]>([
    ['fixed', { ...manifest, method: { kind: 'fixed', factor: 0.25 } }],
    ['fixed, one factor per step', { ...manifest, method: { kind: 'fixed', factor: [0.5, 0.25] } }],
    ['stochastic', { ...manifest, method: { kind: 'stochastic' }, prior: { kind: 'constant', factor: 0.5 } }],
    ['a volume', { ...manifest, preprocessing: { ...manifest.preprocessing, size: [8, 64, 64] } }],
    ['how sure it is', { ...manifest, cascade }],
    ['ranges of knobs', withRanges({ width: [0.25, 1], resolution: [0.5, 1] })],
    ['the range of one knob of two', withRanges({ width: [0.25, 1] })],
    ['nothing measured yet', { ...manifest, accuracyCost: [] }],
    [
      'a front over several knobs',
      {
        ...manifest,
        accuracyCost: [
          { factor: 0.5, width: 0.25, resolution: 0.5, dice: 0.8, gflops: 1, milliseconds: 2, mebibytes: 3 },
          { factor: [0.5, 0.25], dice: 0.9, gflops: 2, milliseconds: null },
        ],
      },
    ],
    [
      'factors of which some were the ends',
      { ...manifest, prior: { kind: 'uniform', low: 0, high: 0.5, endpoints: 0.2 } },
    ],
    ['a registration network that takes λ', told],
    [
      'volumes that were resampled and padded',
      {
        ...manifest,
        preprocessing: {
          ...manifest.preprocessing,
          size: [8, 9, 7],
          volumes: { fit: 'pad', spacingMm: [2, 1, 1] },
        },
      },
    ],
  ])('of %s is storable', (_, input) => {
    expect(readManifest({ sshn: manifestText(input) }, 'x')).toMatchObject(input);
  });

  test('is checked before it is written; every fault is listed', () => {
    const wrong = {
      ...manifest,
      labels: [{ name: 'a' }, { name: 'a' }],
      prior: { kind: 'uniform', low: 0.5, high: 0.25 },
      accuracyCost: [{ factor: 0.5, width: 0, dice: Number.NaN, gflops: -1, milliseconds: null }],
      extra: 1,
    } as unknown as ManifestInput;
    let error: unknown;
    try {
      manifestText(wrong);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConfigError);
    const { faults, message } = error as ConfigError;
    expect(faults.map(({ path }) => path).sort()).toEqual([
      '',
      'accuracyCost.0.dice',
      'accuracyCost.0.gflops',
      'accuracyCost.0.width',
      'labels',
      'prior.high',
    ]);
    expect(message).toContain('labels: two labels have the same name');
    expect(message).toContain('"extra"');
  });

  test.each<[string, unknown, string]>([
    [
      'a newer version',
      { ...good, version: 3 },
      'has version 3, this release of @sshn/model reads up to 2. Update',
    ],
    ['another format', { ...good, format: 'x' }, 'does not name format and version'],
    ['no version', { ...good, version: undefined }, 'does not name format and version'],
    ['version 0', { ...good, version: 0 }, 'does not name format and version'],
    ['a list', [], 'does not name format and version'],
    ['a number', 7, "its metadata 'sshn' is not a JSON object"],
    ['an unknown key', { ...good, colour: 1 }, '"colour"'],
    ['a missing part', { ...good, labels: undefined }, 'labels: '],
    ['an unknown method', { ...good, method: { kind: 'magic' } }, 'method'],
  ])('refuses %s', (_, value, message) => {
    expect(() => read(value)).toThrow(FileError);
    expect(() => read(value)).toThrow(message);
    expect(() => read(value)).toThrow(/^unet\.safetensors: /);
  });

  describe('of version 1, which counted conditions among the factors', () => {
    const { conditions: _, ...counted } = hypernetwork;
    const before = (factors: number, rest: object) => ({
      ...told,
      format: 'sshn',
      version: 1,
      method: { kind: 'sshn', hypernetwork: { ...counted, factors } },
      ...rest,
    });
    const taken = (value: unknown) => {
      const { method, version } = read(value);
      if (!('hypernetwork' in method)) throw new Error('no hypernetwork');
      expect(version).toBe(2);
      return [method.hypernetwork.factors, method.hypernetwork.conditions];
    };

    test('has λ where registration has one input more than the prior has factors', () => {
      expect(taken(before(2, {}))).toEqual([1, 1]);
      const separate = { kind: 'uniform', low: 0, high: 0.5, factors: 4 };
      expect(taken(before(5, { prior: separate }))).toEqual([4, 1]);
      expect(taken(before(3, { prior: { kind: 'constant', factor: [0.5, 0.25] } }))).toEqual([2, 1]);
    });

    test('has none else', () => {
      const fixed = { registration: { ...told.registration, lambda: undefined } };
      expect(taken(before(1, fixed))).toEqual([1, 0]);
      expect(taken(before(4, { task: 'segmentation', registration: undefined }))).toEqual([4, 0]);
    });

    test('is refused where it makes no sense', () => {
      expect(() => read(before(3, {}))).toThrow('2 conditions');
      for (const method of [7, null, {}, { kind: 'sshn', hypernetwork: { ...counted, factors: '2' } }])
        expect(() => read(before(2, { method }))).toThrow(FileError);
      expect(() => read(before(2, { prior: null }))).toThrow(FileError);
    });
  });

  test('refuses files without one, telling checkpoints apart', () => {
    expect(() => readManifest({}, 'x')).toThrow("its metadata has no 'sshn'");
    expect(() => readManifest({ 'sshn-checkpoint': '{}' }, 'x')).toThrow('this is a checkpoint');
    expect(() => readManifest({ sshn: '{' }, 'x')).toThrow('is not a JSON object');
  });
});

describe('migrate', () => {
  const migrations = new Map<number, Migration>([
    [1, (old: object) => ({ ...old, second: true })],
    [2, (old: object) => ({ ...old, third: true })],
  ]);

  test('takes every step from the version found', () => {
    const target = { source: 'x', migrations, version: 3 };
    expect(migrate({ format: 'sshn', version: 1 }, target)).toEqual({
      format: 'sshn',
      version: 3,
      second: true,
      third: true,
    });
    expect(migrate({ format: 'sshn', version: 2 }, target)).toEqual({
      format: 'sshn',
      version: 3,
      third: true,
    });
    expect(migrate({ format: 'sshn', version: 3 }, target)).toEqual({ format: 'sshn', version: 3 });
    expect(() => migrate({ format: 'sshn', version: 4 }, target)).toThrow('has version 4');
  });
});
